/** `keyseal events`: what payment providers told, and what became of it. */
import { type Command, Option } from 'commander'
import { OUTCOMES } from '../../src/db/schema/index.ts'
import { IS_RETRYABLE } from '../../src/payments/events.ts'
import { NO_OFFER } from '../../src/payments/subscriptions.ts'
import { type Place, runSql } from '../database.ts'
import {
  addCommand,
  addGroup,
  type CommandOutput,
  idWord,
  instant,
  tableOutput,
  textOutput,
} from './command.ts'
import { nothingToRetry, retried, waitUntilTaken } from './retry.ts'

interface RetryOptions {
  readonly unmapped?: boolean
  readonly failed?: boolean
}

const COLUMNS = `id, ${instant('received_at')} as receivedAt, provider, type, order_id as "order", outcome, note`

export function addEvents(program: Command): void {
  const group = addGroup(program, 'events', 'events of payment providers and their outcomes')
  addCommand<{ outcome?: string }>(
    group,
    {
      usage: 'list',
      summary: 'list the latest 50 events',
      options: [new Option('--outcome <name>', 'only this outcome').choices(OUTCOMES)],
    },
    async ({ options: { outcome }, place }) => {
      const where = outcome === undefined ? '' : `where outcome = '${outcome}'`
      return tableOutput(
        await runSql(place, `select ${COLUMNS} from webhook_events ${where} order by id desc limit 50`),
        'No events found.',
      )
    },
  )
  addCommand(
    group,
    { usage: 'show <id>', summary: 'show an event with its whole payload, including names and addresses' },
    async ({ words, place }) => show(place, idWord(words[0])),
  )
  addCommand<RetryOptions>(
    group,
    {
      usage: 'retry [id]',
      summary: 'process an unmapped, failed or incomplete event again; nothing is issued twice',
      options: [
        new Option('--unmapped', 'all events with a line without a matching offer'),
        new Option('--failed', 'all failed events'),
      ],
    },
    async ({ options: { unmapped, failed }, words: [id], place }) => {
      const groups = [unmapped && LACKS_OFFER, failed && `outcome = 'failed'`].filter(Boolean)
      if ((id === undefined) === (groups.length === 0)) {
        throw new Error('Give either an id, or --unmapped or --failed.')
      }
      if (id !== undefined) return retry(place, `id = ${idWord(id)}`, unknownEvent)
      return retry(place, `(${groups.join(' or ')})`, nothingToRetry)
    },
  )
}

const LACKS_OFFER = `(outcome = 'unmapped' or outcome in ('issued', 'flagged') and instr(note, '${NO_OFFER}') > 0)`

async function show(place: Place, id: number): Promise<CommandOutput> {
  const [event] = await runSql(
    place,
    `select ${COLUMNS}, event_id as eventId, mode, attempts, payload from webhook_events where id = ${id}`,
  )
  if (!event) throw new Error(`There is no event ${id}. List all events: npm run keyseal -- events list`)
  const { payload, ...facts } = event
  const lines = Object.entries(facts).map(([name, value]) => `${name}: ${value ?? ''}`)
  return textOutput(event, [...lines, '', readable(payload)].join('\n'))
}

function readable(payload: unknown): string {
  if (typeof payload !== 'string') return 'Its payload was deleted after 30 days.'
  try {
    return JSON.stringify(JSON.parse(payload), null, 2)
  } catch {
    return payload
  }
}

function unknownEvent(): never {
  throw new Error(
    'There is no unmapped, failed or incomplete event with this id whose payload still exists (30 days).',
  )
}

/**
 * Sets events back to waiting, overdue since ever, and looks on.
 *
 * @param which SQL, a condition
 * @param none what is told where there are no such events
 */
async function retry(place: Place, which: string, none: () => CommandOutput): Promise<CommandOutput> {
  const events = await runSql(
    place,
    `update webhook_events set outcome = 'waiting', due_at = 0, attempts = 0
     where ${which} and ${IS_RETRYABLE} and payload is not null returning id`,
  )
  const ids = events.map(({ id }) => Number(id)).join()
  if (ids === '') return none()
  const isTaken = await waitUntilTaken(
    place,
    `select count(*) as open from webhook_events where id in (${ids}) and outcome = 'waiting'`,
  )
  const rows = await runSql(place, `select ${COLUMNS} from webhook_events where id in (${ids}) order by id`)
  return retried(place, rows, isTaken)
}
