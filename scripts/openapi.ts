/** `npm run openapi`: generates documents from the endpoints, and copies the API reference. */
import { readFileSync, writeFileSync } from 'node:fs'
import { copyReference } from './openapi/copy-reference.ts'
import { descriptionFile, descriptionText } from './openapi/description-file.ts'
import { adminTablesFile, tablesFile, withAdminTables, withTables } from './openapi/tables.ts'

writeFileSync(descriptionFile, descriptionText())
console.log('Wrote public/openapi.json.')
writeFileSync(tablesFile, withTables(readFileSync(tablesFile, 'utf8')))
writeFileSync(adminTablesFile, withAdminTables(readFileSync(adminTablesFile, 'utf8')))
console.log('Wrote the tables of docs/api.md and docs/admin-api.md.')
copyReference()
console.log('Copied the API reference to public/docs/scalar.')
