/** Imports of license keys from other vendors, and from another Keyseal. */
import { postImports } from './post-imports.ts'
import { showImport } from './show-import.ts'

export const IMPORT_ENDPOINTS = [postImports, showImport]
