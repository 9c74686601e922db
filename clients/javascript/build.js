/** Writes dist/*.js: one file for each entry, for Node.js 20, Chrome 120 and later. */
import { copyFileSync } from 'node:fs'
import path from 'node:path'
import { build } from 'esbuild'

const folder = import.meta.dirname

await build({
  absWorkingDir: folder,
  entryPoints: ['src/index.ts', 'src/device.ts', 'src/device-browser.ts'],
  outdir: 'dist',
  bundle: true,
  format: 'esm',
  platform: 'neutral',
  external: ['node:*'],
  target: ['node20', 'chrome120'],
})
// Copies of the library must include its license.
copyFileSync(path.join(folder, '../../LICENSE'), path.join(folder, 'dist/LICENSE'))
