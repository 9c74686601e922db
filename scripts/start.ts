/** `npm start`: from a fresh clone to a running service. */
import { createServer } from 'node:net'
import { setTimeout as wait } from 'node:timers/promises'
import { runSql } from './database.ts'
import { DEMO_API_KEY, loadDemoData } from './demo-data.ts'
import { makeDevVars } from './dev-vars.ts'
import { PORT_DEFAULT, portPrefix } from './keyseal/service.ts'
import { messageOf } from './message-of.ts'
import { missingMigrations, SELECT_APPLIED } from './migrations.ts'
import { copyReference } from './openapi/copy-reference.ts'
import { runWrangler, spawnWrangler } from './wrangler.ts'

const HOST = '127.0.0.1'
const READY_SECONDS_MAX = 60
/** One that was stopped a moment ago may still hold its port. */
const PORT_SECONDS_MAX = 5
const SCHEDULE_SECONDS = 5

try {
  await start(portFrom(process.env.PORT))
} catch (error) {
  console.error(messageOf(error))
  process.exitCode = 1
}

async function start(port: number): Promise<void> {
  await makeSurePortIsFree(port)
  makeDevVars()
  copyReference()
  await migrate()
  console.log('Loading the demo data ...')
  await loadDemoData()
  console.log('Starting the service ...')
  const address = ['--ip', HOST, '--port', String(port)]
  // Any port for the debugger: one that wrangler looks for may be taken by the time that it is used.
  const debuggerPort = ['--inspector-port', '0']
  const session = '--show-interactive-dev-session=false'
  const wrangler = spawnWrangler(['dev', ...address, ...debuggerPort, session], 'inherit')
  const ended = new Promise<void>((resolve) => wrangler.on('close', () => resolve()))
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => wrangler.kill('SIGTERM'))
  }
  const origin = `http://${HOST}:${port}`
  await Promise.race([ended, sayHowToUse(origin, port)])
  const schedule = keepSchedule(origin)
  await ended
  clearInterval(schedule)
}

/** Wrangler applies what is missing; it is not started where nothing is, since that takes seconds. */
async function migrate(): Promise<void> {
  const applied = await runSql('local', SELECT_APPLIED).catch(() => [])
  if (missingMigrations(applied).length === 0) return
  console.log('Applying the migrations to the local database ...')
  await runWrangler('d1', 'migrations', 'apply', 'DB', '--local')
}

function portFrom(text: string | undefined): number {
  const port = Number(text || PORT_DEFAULT)
  if (Number.isInteger(port) && port >= 1 && port <= 65_535) return port
  throw new Error(`PORT must be a number from 1 to 65535, not "${text}".`)
}

async function makeSurePortIsFree(port: number): Promise<void> {
  for (const end = Date.now() + PORT_SECONDS_MAX * 1000; Date.now() < end; await wait(200)) {
    if (await isFree(port)) return
  }
  const other = port === 65_535 ? port - 1 : port + 1
  throw new Error(`Port ${port} is in use. Take another one: PORT=${other} npm start`)
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(false))
    server.listen(port, HOST, () => server.close(() => resolve(true)))
  })
}

/** Runs the schedule of wrangler.toml that goes every minute; locally nobody else does, and sooner is kinder. */
function keepSchedule(origin: string): NodeJS.Timeout {
  const url = `${origin}/cdn-cgi/local/scheduled?cron=${encodeURIComponent('* * * * *')}`
  return setInterval(() => void fetch(url).catch(() => undefined), SCHEDULE_SECONDS * 1000)
}

async function sayHowToUse(origin: string, port: number): Promise<void> {
  // The commands look for the service where npm start was told to put it.
  const where = portPrefix(port)
  if (await isReady(origin)) {
    console.log(`
Keyseal is running. Issue two license keys:

curl -s ${origin}/api/v1/random-assign-license-keys -d api_key=${DEMO_API_KEY} -d product_id=1 --data-urlencode 'owner_name=Ada Lovelace' -d owner_email=ada@example.com -d quantity=2 -d validity=365 -d activation_limit=3

Sell some at Stripe, as its webhook would tell: ${where}npm run keyseal -- webhook stripe --price price_demo

Ctrl-C stops it.`)
  } else {
    console.log(
      `The service can not sign. ${where}npm run keyseal -- doctor names what is wrong with .dev.vars, and the command that mends it.`,
    )
  }
}

/** Waits for the first answer. @returns whether it is a good one */
async function isReady(origin: string): Promise<boolean> {
  for (const end = Date.now() + READY_SECONDS_MAX * 1000; Date.now() < end; ) {
    const response = await fetch(`${origin}/.well-known/jwks.json`).catch(() => undefined)
    if (response) return response.ok
    await wait(100)
  }
  throw new Error(`The service did not answer within ${READY_SECONDS_MAX} seconds.`)
}
