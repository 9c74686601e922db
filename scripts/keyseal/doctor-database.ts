/** What `keyseal doctor` looks at in the database. */
import { weakKeysWarning } from '../../src/keys/key-strength.ts'
import { LOOK_UP_SETTINGS, rejectedKeyFault } from '../../src/payments/provider.ts'
import { DAY_MILLISECONDS } from '../../src/protocol/dates.ts'
import { type Place, type Row, runSql, runStatements, sqlText } from '../database.ts'
import { migrations, missingMigrations, SELECT_APPLIED } from '../migrations.ts'
import { type Finding, good, notChecked, warn, wrong } from './doctor-finding.ts'

const OVERDUE_MINUTES = 10
const LOOK_UP_DAYS = 7
/** As many keys as are read quickly from a large database. */
const NEWEST_KEYS = 1_000
const UNREADABLE = 'the database cannot be read'

/** Whether the database is migrated, and whether what is due is also done. */
export async function checkDatabase(place: Place): Promise<Finding[]> {
  const since = Date.now() - OVERDUE_MINUTES * 60_000
  try {
    // At once, since each start of wrangler, which production needs, takes seconds.
    const [migrations = [], [overdue] = [], failed = [], newest = []] = await runStatements(place, [
      SELECT_APPLIED,
      countOverdue(since),
      selectFailedLookUps(Date.now() - LOOK_UP_DAYS * DAY_MILLISECONDS),
      `select license_key from license_keys order by id desc limit ${NEWEST_KEYS}`,
    ])
    return [
      migrationsFound(place, migrations),
      queueFound(place, Number(overdue?.overdue)),
      ...failed.map((row) => lookUpFailed(place, row)),
      ...weakKeysFound(newest),
    ]
  } catch {
    return [await checkMigrations(place), notChecked('queue', UNREADABLE)]
  }
}

/** @param because what is wrong with that which is needed for it */
export function databaseNotChecked(because: string): Finding[] {
  return [notChecked('migrations', because), notChecked('queue', because)]
}

function countOverdue(since: number): string {
  return `select (select count(*) from deliveries where status = 'pending' and due_at < ${since})
     + (select count(*) from webhook_events where outcome = 'waiting' and due_at < ${since})
     + (select count(*) from queued_orders where status in ('issuing', 'releasing') and due_at < ${since}) as overdue`
}

/** One row for each API key with which look-ups failed lately, and for which events wait for a retry. */
function selectFailedLookUps(since: number): string {
  const settings = LOOK_UP_SETTINGS.map(
    (setting) => `(${sqlText(setting)}, ${sqlText(rejectedKeyFault(setting))})`,
  )
  return `with settings(setting, fault) as (values ${settings})
    select setting, fault, count(*) as events from webhook_events join settings on instr(note, fault) > 0
    where payload is not null and received_at > ${since} and outcome = 'failed' group by setting`
}

function lookUpFailed(place: Place, { setting, fault, events }: Row): Finding {
  const [set, remote] =
    place === 'local'
      ? [`correct ${setting} in .dev.vars, restart npm start`, '']
      : [`npx wrangler secret put ${setting}`, ' --remote']
  return wrong(
    'look-ups',
    `${events} events failed because ${fault}`,
    `${set}, then npm run keyseal -- events retry --failed${remote}`,
  )
}

function weakKeysFound(newest: readonly Row[]): Finding[] {
  const warning = weakKeysWarning(newest.map((row) => String(row.license_key)))
  if (warning === undefined) return []
  const remedy =
    'sell keys of a generator: npm run keyseal -- generators add; replace those that were sold: npm run keyseal -- licenses reissue <key>'
  return [warn('license keys', `of the newest ${warning}`, remedy)]
}

/** Where tables are missing, this tells which migration would make them. */
async function checkMigrations(place: Place): Promise<Finding> {
  try {
    return migrationsFound(place, await runSql(place, SELECT_APPLIED))
  } catch {
    return wrong('migrations', `${UNREADABLE}, or was never migrated`, migrate(place))
  }
}

function migrationsFound(place: Place, rows: readonly Row[]): Finding {
  const check = 'migrations'
  const missing = missingMigrations(rows)
  if (missing.length === 0) return good(check, `all ${migrations.length} are applied`)
  return wrong(check, `not applied: ${missing.join(', ')}`, migrate(place))
}

export function migrate(place: Place): string {
  return place === 'local' ? 'npx wrangler d1 migrations apply DB --local' : 'npm run deploy'
}

function queueFound(place: Place, overdue: number): Finding {
  const check = 'queue'
  if (overdue === 0) return good(check, `nothing has been due for more than ${OVERDUE_MINUTES} minutes`)
  const remedy =
    place === 'local'
      ? 'npm start (it processes them while it runs)'
      : 'npx wrangler tail (the log has the reason), npx wrangler queues list'
  return wrong(check, `${overdue} have been due for more than ${OVERDUE_MINUTES} minutes`, remedy)
}
