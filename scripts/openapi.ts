/** `npm run openapi`: makes the static assets that nobody writes by hand. */
import { writeFileSync } from 'node:fs'
import { copyReference } from './openapi/copy-reference.ts'
import { descriptionFile, descriptionText } from './openapi/description-file.ts'

writeFileSync(descriptionFile, descriptionText())
console.log('Wrote public/openapi.json.')
copyReference()
console.log('Copied the API reference to public/docs/scalar.')
