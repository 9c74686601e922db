/** What `keyseal doctor` asks of the running service. Nothing of it is written down there. */
import type { Part } from '../../src/service/health.ts'
import type { Place } from '../database.ts'
import { messageOf } from '../message-of.ts'
import { migrate } from './doctor-database.ts'
import { checkOrder, seeLog } from './doctor-dry-run.ts'
import { type Finding, good, notChecked, wrong } from './doctor-finding.ts'
import { ask, isLocal, portPrefix } from './service.ts'

const CLOCK_DEVIATION_SECONDS_MAX = 60

/**
 * @param knownFaults what is found wrong already of that which the service needs: it is not told once more
 */
export async function checkService(origin: string, knownFaults: ReadonlySet<Part>): Promise<Finding[]> {
  const place = isLocal(origin) ? 'local' : 'remote'
  try {
    return await checkAnswers(origin, place, knownFaults)
  } catch (error) {
    const finding = messageOf(error)
    return [wrong('service', finding, place === 'local' ? startAt(origin) : 'npm run deploy')]
  }
}

/** Whoever started it on another port is to look there, and need not start it. */
function startAt(origin: string): string {
  const prefix = portPrefix(new URL(origin).port)
  if (prefix !== '') return `${prefix}npm start`
  return 'npm start; if it uses another port: PORT=<port> npm run keyseal -- doctor, or doctor --url http://127.0.0.1:<port>'
}

async function checkAnswers(
  origin: string,
  place: Place,
  knownFaults: ReadonlySet<Part>,
): Promise<Finding[]> {
  const ready = await ask(origin, '/health/ready')
  const body = (await ready.json().catch(() => ({}))) as {
    response?: { code: number; timestamp: number; not_ready?: readonly Part[] }
  }
  const clock = checkClock(ready.headers.get('Date'), body.response?.timestamp)
  if (ready.ok) {
    return [good('service', `${origin} is ready`), ...(await checkOrder(origin, place)), clock]
  }
  const missing = body.response?.not_ready
  if (missing) return [...missing.map((part) => notReady(origin, place, part, knownFaults)), clock]
  const code = body.response?.code
  if (code === undefined) {
    const finding = `the server at ${origin} is not Keyseal: /health/ready returns HTTP ${ready.status}`
    return [wrong('service', finding, 'npm run keyseal -- doctor --url <the address of the service>')]
  }
  return [wrong('service', `not ready: HTTP ${ready.status}, code ${code}`, seeLog(ready, place)), clock]
}

function notReady(origin: string, place: Place, part: Part, knownFaults: ReadonlySet<Part>): Finding {
  const check = 'service'
  if (knownFaults.has(part)) return notChecked(check, `not ready (${part}), because of the problem above`)
  if (part === 'migrations') return wrong(check, `not ready: ${part}`, migrate(place))
  if (place === 'remote') {
    const remedy = `run npx wrangler tail, then curl ${origin}/health/ready: the log names the setting and the command that fixes it`
    return wrong(check, `not ready: ${part}`, remedy)
  }
  const finding =
    part === 'signing key'
      ? `not ready: ${part}; the service was started before .dev.vars changed`
      : `not ready: ${part}`
  return wrong(check, finding, restart(origin))
}

function restart(origin: string): string {
  return `stop the service with Ctrl-C, then ${portPrefix(new URL(origin).port)}npm start`
}

function checkClock(date: string | null, timestamp = Number.NaN): Finding {
  const check = 'clock'
  // A local service sends no Date.
  const there = date === null ? timestamp * 1000 : Date.parse(date)
  const seconds = Math.round(Math.abs(Date.now() - there) / 1000)
  if (Number.isNaN(seconds)) return notChecked(check, 'the response has no date')
  if (seconds <= CLOCK_DEVIATION_SECONDS_MAX)
    return good(check, `differs from the service's by ${seconds} seconds`)
  const remedy = 'sudo timedatectl set-ntp true (on this machine)'
  return wrong(check, `differs from the service's by ${seconds} seconds`, remedy)
}
