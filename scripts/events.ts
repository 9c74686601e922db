/** `npm run events`: what payment providers told, and what became of it. */
import { OUTCOMES } from '../src/db/schema.ts'
import { oneOf, printTable, runCommand, wholeNumber } from './command.ts'
import { type Place, runSql } from './database.ts'
import { stillWaiting, waitUntilTaken } from './retry.ts'

const USAGE = `Usage: npm run events -- list [--outcome NAME] [--remote]
       npm run events -- retry ID [--remote]
       npm run events -- retry --unmapped | --failed [--remote]

  list        the latest 50 events, of one outcome only where it is given: ${OUTCOMES.slice(0, 6).join(', ')},
              ${OUTCOMES.slice(6).join(', ')}
  retry       has the running service process an event again that was unmapped or failed; what was issued for
              its order already is not issued again
  --unmapped  all events whose product no offer knew
  --failed    all events that failed
  --remote    in production; without it, in the local database`

const OPTIONS = {
  outcome: { type: 'string' },
  unmapped: { type: 'boolean' },
  failed: { type: 'boolean' },
} as const

const COLUMNS = `id, datetime(received_at / 1000, 'unixepoch') as "received (UTC)", provider, type,
  order_id as "order", outcome, note`

await runCommand(
  USAGE,
  OPTIONS,
  async ({ outcome, unmapped, failed }, place, [action, id]) => {
    if (oneOf('The action', action, ['list', 'retry']) === 'list') {
      const where = outcome === undefined ? '' : `where outcome = '${oneOf('--outcome', outcome, OUTCOMES)}'`
      const rows = await runSql(
        place,
        `select ${COLUMNS} from webhook_events ${where} order by id desc limit 50`,
      )
      return printTable(rows, 'No such events.')
    }
    const outcomes = [unmapped && 'unmapped', failed && 'failed'].filter((name) => name !== undefined)
    if ((id === undefined) === (outcomes.length === 0))
      throw new Error('Give either an ID, or --unmapped or --failed.')
    return retry(place, id === undefined ? byOutcome(outcomes) : byId(id))
  },
  2,
)

function byId(text: string): string {
  return `id = ${wholeNumber('ID', text, 1, 9_999_999_999)}`
}

function byOutcome(outcomes: readonly (string | false)[]): string {
  return `outcome in (${outcomes.map((name) => `'${name}'`).join()})`
}

/** Sets the events back to waiting, overdue since ever, and looks on. */
async function retry(place: Place, which: string): Promise<void> {
  const events = await runSql(
    place,
    `update webhook_events set outcome = 'waiting', due_at = 0, attempts = 0
     where ${which} and outcome in ('unmapped', 'failed') and payload is not null returning id`,
  )
  const ids = events.map(({ id }) => Number(id)).join()
  if (ids === '') {
    throw new Error(
      'There is no such event that was unmapped or failed and whose payload is still kept (30 days).',
    )
  }
  const isTaken = await waitUntilTaken(
    place,
    `select count(*) as open from webhook_events where id in (${ids}) and outcome = 'waiting'`,
  )
  process.stderr.write('\n')
  printTable(
    await runSql(place, `select ${COLUMNS} from webhook_events where id in (${ids}) order by id`),
    '',
  )
  if (!isTaken) console.log(stillWaiting(place))
}
