/** What the commands that try something again have in common. */
import { type Place, type Row, runSql } from '../database.ts'
import { type CommandOutput, tableOutput, textOutput } from './command.ts'

const DELAY_SECONDS_MAX = 120
const POLL_MS = 2_000

/**
 * Waits until the running service has taken rows up: in production its schedule does within a minute, locally
 * `npm start` keeps that schedule.
 *
 * @param open SQL that counts the rows still to be taken up, as `open`
 * @returns whether none is left
 */
export async function waitUntilTaken(place: Place, open: string): Promise<boolean> {
  try {
    for (const end = Date.now() + DELAY_SECONDS_MAX * 1000; Date.now() < end; ) {
      const [row] = await runSql(place, open)
      if (row?.open === 0) return true
      process.stderr.write(`\rWaiting for the service to process ${row?.open} ... `)
      await new Promise((resolve) => setTimeout(resolve, POLL_MS))
    }
    return false
  } finally {
    process.stderr.write('\n')
  }
}

/** That all is well is no failure: a schedule may retry what failed. */
export function nothingToRetry(): CommandOutput {
  return textOutput([], 'Nothing to retry.')
}

/** What came of the rows; that nobody took them up makes the command fail. */
export function retried(place: Place, rows: readonly Row[], isTaken: boolean): CommandOutput {
  if (!isTaken) {
    process.exitCode = 1
    console.error(stillWaiting(place))
  }
  return tableOutput(rows, '')
}

function stillWaiting(place: Place): string {
  return place === 'local'
    ? 'Not processed yet. The service processes them while it runs: npm start'
    : 'Not processed yet. The deployed Worker processes them within minutes. To see its log: npx wrangler tail'
}
