/** Writes orders to the local database of a clone as fast as it can, in a process of its own, as a busy service does. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { databaseFile } from './local-database.ts'

export interface Writer {
  /** @returns how many orders it has written */
  readonly stop: () => Promise<number>
}

/** Each order is one transaction: an issuance and its two license keys, which refer to it. */
const PROGRAM = `
  import { DatabaseSync } from 'node:sqlite'
  const database = new DatabaseSync(process.argv[1], { timeout: 30_000 })
  const issue = database.prepare("insert into issuances (source, idempotency_key, nonce, product_id, quantity, owner_name, owner_email, validity_days, activation_limit, created_at) values ('cli', ?, 'n', 1, 2, 'Ada', 'ada@example.com', 0, 0, 0)")
  const addKey = database.prepare("insert into license_keys (product_id, issuance_id, license_key, status, owner_name, owner_email, assigned_at, activation_limit, validity_days, created_at, updated_at) values (1, ?, ?, 'assigned', 'Ada', 'ada@example.com', 0, 0, 0, 0, 0)")
  const first = Number(database.prepare('select coalesce(max(id), 0) as id from issuances').get().id)
  let orders = 0
  process.on('SIGTERM', () => { console.log(orders); process.exit() })
  for (;;) {
    database.exec('begin immediate')
    const order = first + ++orders
    const { lastInsertRowid: id } = issue.run('order-' + order)
    addKey.run(id, order + '-one')
    addKey.run(id, order + '-two')
    database.exec('commit')
    if (orders === 1) console.log('started')
    await new Promise(setImmediate)
  }`

/** Starts it, and waits until it has written its first order. */
export async function startWriter(folder: string): Promise<Writer> {
  const program = ['--input-type=module', '--eval', PROGRAM, databaseFile(folder)]
  const writer = spawn(process.execPath, program, { stdio: ['ignore', 'pipe', 'inherit'] })
  let output = ''
  writer.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text
  })
  await Promise.race([
    once(writer.stdout, 'data'),
    once(writer, 'close').then(() => Promise.reject(new Error('The writer ended.'))),
  ])
  async function stop(): Promise<number> {
    writer.kill('SIGTERM')
    await once(writer, 'close')
    return Number(output.trim().split('\n').at(-1))
  }
  return { stop }
}
