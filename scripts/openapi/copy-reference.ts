/** Copies Scalar's API reference, which /docs uses. npm installs it; it is not committed. */
import { cpSync, rmSync } from 'node:fs'
import path from 'node:path'
import { projectFolder } from '../wrangler.ts'

const source = path.join(projectFolder, 'node_modules/@scalar/api-reference/dist/browser')
const target = path.join(projectFolder, 'public/docs/scalar')

/**
 * Copies the files for browsers to the static assets. Of the two builds in the package it copies the one with modules:
 * a browser loads 0.8 MB of it (gzipped) instead of 1.3 MB, without the chunks of disabled features.
 */
export function copyReference(): void {
  // Remove old files first: chunks are named after their content, so those of another version would stay.
  rmSync(target, { recursive: true, force: true })
  cpSync(source, target, { recursive: true, filter: (file) => !/\.map$|standalone\.js$/.test(file) })
}
