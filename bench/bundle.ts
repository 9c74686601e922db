/** Bundles each Worker as it is deployed: one minified module. */
import { execFile } from 'node:child_process'
import path from 'node:path'
import { promisify } from 'node:util'
import { type BuildOptions, build } from 'esbuild'

const project = path.join(import.meta.dirname, '..')
const workers = path.join(import.meta.dirname, 'workers')

/** The files of the bundles. */
export interface Scripts {
  readonly product: string
  readonly floor: string
  readonly straightforward: string
}

/** @param folder for the bundles */
export async function bundleAll(folder: string): Promise<Scripts> {
  const [product, floor, straightforward] = await Promise.all([
    bundleProduct(folder),
    esbuild(path.join(folder, 'floor.js'), { entryPoints: [path.join(workers, 'floor.ts')] }),
    esbuild(path.join(folder, 'straightforward.js'), {
      entryPoints: [path.join(workers, 'straightforward.ts')],
    }),
  ])
  return { product, floor, straightforward }
}

/** Bundles the product exactly as `wrangler deploy` does. @returns the file */
export async function bundleProduct(folder: string): Promise<string> {
  const wrangler = path.join(project, 'node_modules/wrangler/bin/wrangler.js')
  const parameters = [wrangler, 'deploy', '--dry-run', '--outdir', folder]
  await promisify(execFile)(process.execPath, parameters, { cwd: project })
  return path.join(folder, 'index.js')
}

/** Bundles all Workers into one with a distant database. The first part of a path selects the Worker. */
export async function bundleAtDistance(
  scripts: Scripts,
  distanceMs: number,
  folder: string,
): Promise<string> {
  const names = Object.keys(scripts) as (keyof Scripts)[]
  const imports = names.map((name) => `import ${name} from ${JSON.stringify(scripts[name])}`)
  const contents = `${imports.join('\n')}
    import { atDistance } from './at-distance.ts'
    export default atDistance({ ${names.join()} }, ${distanceMs})`
  return esbuild(path.join(folder, 'at-distance.js'), { stdin: { contents, resolveDir: workers } })
}

/** Bundles with wrangler's options. */
async function esbuild(outfile: string, from: BuildOptions): Promise<string> {
  const conditions = ['workerd', 'worker', 'browser']
  await build({ ...from, outfile, conditions, bundle: true, format: 'esm', minify: true, target: 'es2024' })
  return outfile
}
