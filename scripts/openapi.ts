/** `npm run openapi`: writes the API's description and its page, which the Worker's static assets are. */
import { mkdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { describeFiles } from './openapi/files.ts'
import { projectFolder } from './wrangler.ts'

for (const [name, text] of Object.entries(await describeFiles())) {
  const file = path.join(projectFolder, name)
  mkdirSync(path.dirname(file), { recursive: true })
  writeFileSync(file, text)
  console.log(`Wrote ${name}.`)
}
