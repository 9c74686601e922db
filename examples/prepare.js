/**
 * Runs before an example: writes keyseal.json into its folder, from the local service. If the service does not run, it keeps
 * the file of an earlier start, so that you can try the example without the service.
 *
 * Your app does not do this. You run `keyseal app-settings` when you build a release, and ship the file. An app that
 * downloads its public keys trusts anyone who controls the connection.
 */
import { spawnSync } from 'node:child_process'
import { existsSync, writeFileSync } from 'node:fs'
import path from 'node:path'

const keyseal = path.join(import.meta.dirname, '../scripts/keyseal.js')
const words = [keyseal, 'app-settings', '--product-id', '1']
const { status, stdout, stderr } = spawnSync(process.execPath, words, { encoding: 'utf8' })
if (status === 0) writeFileSync('keyseal.json', stdout)
else if (!existsSync('keyseal.json')) {
  console.error(`${stderr}Run npm start in another terminal first.`)
  process.exitCode = 1
}
