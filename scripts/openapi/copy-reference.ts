/** The page /docs shows the description with Scalar's API reference, which npm installs and nobody commits. */
import { cpSync, rmSync } from 'node:fs'
import path from 'node:path'
import { projectFolder } from '../wrangler.ts'

const source = path.join(projectFolder, 'node_modules/@scalar/api-reference/dist/browser')
const target = path.join(projectFolder, 'public/docs/scalar')

/**
 * Copies the files for browsers into the static assets. Of the two builds in the package it takes the one in modules:
 * a browser loads 0.8 MB of it (gzipped) instead of 1.3 MB, and never the chunks of features that are off.
 */
export function copyReference(): void {
  // Chunks are named after their content: those of another version would stay.
  rmSync(target, { recursive: true, force: true })
  cpSync(source, target, { recursive: true, filter: (file) => !/\.map$|standalone\.js$/.test(file) })
}
