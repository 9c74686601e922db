/** `npm run deliveries`: what was sent to sellers, buyers and shops, and what could not be. */
import { oneOf, printTable, runCommand, wholeNumber } from './command.ts'
import { type Place, runSql, sqlText } from './database.ts'
import { retryFailed, selectByIds, selectLatest } from './delivery-rows.ts'
import { stillWaiting, waitUntilTaken } from './retry.ts'

const STATUSES = ['pending', 'delivered', 'failed', 'cancelled'] as const

const USAGE = `Usage: npm run deliveries -- list [--status NAME] [--remote]
       npm run deliveries -- retry ID [--remote]
       npm run deliveries -- retry --failed [--remote]

  list      the latest 50 deliveries, of one status only where it is given: ${STATUSES.join(', ')}
  retry     has the running service send again what failed
  --failed  all that failed
  --remote  in production; without it, in the local database`

await runCommand(
  USAGE,
  { status: { type: 'string' }, failed: { type: 'boolean' } },
  async ({ status, failed }, place, [action, id]) => {
    if (oneOf('The action', action, ['list', 'retry']) === 'list') {
      const known = status === undefined ? undefined : sqlText(oneOf('--status', status, STATUSES))
      return printTable(await runSql(place, selectLatest(known)), 'No such deliveries.')
    }
    if ((id === undefined) === (failed !== true)) throw new Error('Give either an ID or --failed.')
    return retry(place, id === undefined ? 'true' : `id = ${wholeNumber('ID', id, 1, 9_999_999_999)}`)
  },
  2,
)

/** Makes the deliveries due since ever, and looks on until each was tried once. */
async function retry(place: Place, which: string): Promise<void> {
  const deliveries = await runSql(place, retryFailed(which))
  const ids = deliveries.map(({ id }) => Number(id)).join()
  if (ids === '') throw new Error('There is no such delivery that failed.')
  const isTaken = await waitUntilTaken(
    place,
    `select count(*) as open from deliveries where id in (${ids}) and attempts = 0`,
  )
  process.stderr.write('\n')
  printTable(await runSql(place, selectByIds(ids)), '')
  if (!isTaken) console.log(stillWaiting(place))
}
