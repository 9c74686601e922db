/** Builds the JavaScript client once before the tests: they use it as apps do. */
import { execFileSync } from 'node:child_process'
import path from 'node:path'
import { project } from '../../support/clone.ts'

export default function setup(): void {
  execFileSync(process.execPath, [path.join(project, 'clients/javascript/build.js')], { stdio: 'inherit' })
}
