/** What `keyseal doctor` looks at in the project and its database. */
import { createPrivateKey } from 'node:crypto'
import { readdirSync } from 'node:fs'
import path from 'node:path'
import { type Place, runSql } from '../database.ts'
import { readDevVars } from '../dev-vars.ts'
import { projectFolder, runWrangler } from '../wrangler.ts'

export interface Finding {
  readonly check: string
  readonly status: 'good' | 'wrong' | 'not checked'
  readonly finding: string
  /** The command that mends it. */
  readonly remedy?: string
}

export const good = (check: string, finding: string): Finding => ({ check, status: 'good', finding })
export const wrong = (check: string, finding: string, remedy: string): Finding => ({
  check,
  status: 'wrong',
  finding,
  remedy,
})

const OVERDUE_MINUTES = 10

/** Of `wrangler.toml`, as wrangler reads it, what is looked at here. */
interface Configuration {
  readonly d1_databases: readonly { readonly binding: string; readonly database_id?: string }[]
  readonly queues: {
    readonly producers?: readonly { readonly binding: string; readonly queue: string }[]
    readonly consumers?: readonly { readonly queue: string }[]
  }
  readonly triggers: { readonly crons?: readonly string[] }
}

/** What `wrangler.toml` declares. */
export async function checkConfiguration(place: Place): Promise<Finding[]> {
  // Loaded only here, since it takes a second.
  const { unstable_readConfig: readConfig } = await import('wrangler')
  const config: Configuration = readConfig({ config: path.join(projectFolder, 'wrangler.toml') })
  const database = config.d1_databases.find(({ binding }) => binding === 'DB')
  const queue = config.queues.producers?.find(({ binding }) => binding === 'DELIVERIES')?.queue
  const consumed = config.queues.consumers?.map((consumer) => consumer.queue) ?? []
  const crons = config.triggers.crons ?? []
  const findings: Finding[] = []
  if (!database)
    findings.push(wrong('bindings', 'no database is bound as DB', 'npx wrangler d1 create keyseal'))
  else if (place === 'remote' && /^[0-]*$/.test(database.database_id ?? '')) {
    const remedy = 'npx wrangler d1 create keyseal, then put its id into [[d1_databases]] in wrangler.toml'
    findings.push(wrong('bindings', 'the database has no id of your account', remedy))
  }
  if (!queue || !consumed.includes(queue) || !consumed.includes(`${queue}-dead`)) {
    const remedy = 'put [[queues.producers]] and both [[queues.consumers]] back into wrangler.toml'
    findings.push(
      wrong('bindings', 'the queue DELIVERIES has no producer or not both of its consumers', remedy),
    )
  }
  if (!crons.includes('* * * * *') || !crons.includes('17 3 * * *')) {
    findings.push(wrong('bindings', 'a schedule is missing', 'put [triggers] back into wrangler.toml'))
  }
  return findings.length > 0 ? findings : [good('bindings', 'database, queue and schedules are declared')]
}

/** Whether the secrets are there without which nothing goes; in production nobody can look into them. */
export async function checkSecrets(place: Place): Promise<Finding> {
  const check = 'secrets'
  const put = 'npx wrangler secret put'
  if (place === 'local') {
    const pem = readDevVars().SIGNING_PRIVATE_KEY
    if (!pem)
      return wrong(
        check,
        '.dev.vars has no SIGNING_PRIVATE_KEY',
        'npm start (makes .dev.vars where there is none)',
      )
    try {
      createPrivateKey(pem)
      return good(check, 'SIGNING_PRIVATE_KEY is a private key')
    } catch {
      return wrong(
        check,
        'SIGNING_PRIVATE_KEY in .dev.vars is no private key in PEM',
        'npm run --silent keyseal -- signing-key create',
      )
    }
  }
  try {
    const names = (JSON.parse(await runWrangler('secret', 'list')) as { name: string }[]).map(
      ({ name }) => name,
    )
    if (names.includes('SIGNING_PRIVATE_KEY')) return good(check, `${names.length} secrets are set`)
    return wrong(
      check,
      'SIGNING_PRIVATE_KEY is not set',
      `npm run --silent keyseal -- signing-key create | ${put} SIGNING_PRIVATE_KEY`,
    )
  } catch {
    return wrong(
      check,
      'the secrets of the Worker can not be listed',
      'npx wrangler login, then npm run deploy',
    )
  }
}

export async function checkMigrations(place: Place): Promise<Finding> {
  const check = 'migrations'
  const remedy = place === 'local' ? 'npx wrangler d1 migrations apply DB --local' : 'npm run deploy'
  const wanted = readdirSync(path.join(projectFolder, 'migrations')).filter((name) => name.endsWith('.sql'))
  try {
    const applied = (await runSql(place, 'select name from d1_migrations')).map(({ name }) => name)
    const missing = wanted.filter((name) => !applied.includes(name))
    if (missing.length === 0) return good(check, `all ${wanted.length} are applied`)
    return wrong(check, `not applied: ${missing.join(', ')}`, remedy)
  } catch {
    return wrong(check, 'the database can not be read, or was never migrated', remedy)
  }
}

/** Whether what is due is also done. */
export async function checkQueue(place: Place): Promise<Finding> {
  const check = 'queue'
  const since = Date.now() - OVERDUE_MINUTES * 60_000
  const remedy =
    place === 'local'
      ? 'npm start'
      : 'npx wrangler tail (its log says why), npx wrangler queues info keyseal-deliveries'
  try {
    const [row] = await runSql(
      place,
      `select (select count(*) from deliveries where status = 'pending' and due_at < ${since})
         + (select count(*) from webhook_events where outcome = 'waiting' and due_at < ${since})
         + (select count(*) from queued_orders where status in ('issuing', 'releasing') and due_at < ${since}) as overdue`,
    )
    if (row?.overdue === 0)
      return good(check, `nothing has been due for more than ${OVERDUE_MINUTES} minutes`)
    return wrong(check, `${row?.overdue} have been due for more than ${OVERDUE_MINUTES} minutes`, remedy)
  } catch {
    return { check, status: 'not checked', finding: 'the database can not be read' }
  }
}
