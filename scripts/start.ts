/** `npm start`: prepares the local settings and database, then runs the service. */
import type { ChildProcess } from 'node:child_process'
import { createServer } from 'node:net'
import { createInterface } from 'node:readline'
import { setTimeout as wait } from 'node:timers/promises'
import { Command, Option } from 'commander'
import { REQUEST_ID } from '../src/http/headers.ts'
import { EVERY_MINUTE, HOURLY, NIGHTLY } from '../src/service/schedules.ts'
import { runSql } from './database.ts'
import { DEMO_API_KEY, DEMO_PRICE, loadDemoData } from './demo-data.ts'
import { makeDevVars } from './dev-vars.ts'
import { PORT_DEFAULT, portPrefix } from './keyseal/service.ts'
import { messageOf } from './message-of.ts'
import { missingMigrations, SELECT_APPLIED } from './migrations.ts'
import { copyReference } from './openapi/copy-reference.ts'
import { formatLine, isBindingLine, isRequestLine, type LogFormat } from './service-output.ts'
import { runWrangler, spawnWrangler } from './wrangler.ts'

const HOST = '127.0.0.1'
const READY_SECONDS_MAX = 60
/** A service that was just stopped may still hold the port. */
const PORT_SECONDS_MAX = 5
const SCHEDULE_SECONDS = 5
const SCHEDULE_SECONDS_AFTER_FAILURE = 60

const program = new Command('npm start --')
  .description('Runs Keyseal on this computer, with demo data.')
  .addOption(new Option('--logs <format>', 'how to print the log').choices(['text', 'json']).default('text'))
  .addHelpText('after', `\nEnvironment:\n  PORT             the port (default: ${PORT_DEFAULT})`)
  .allowExcessArguments(false)
  .parse()

try {
  await start(portFrom(process.env.PORT), program.opts<{ logs: LogFormat }>().logs)
} catch (error) {
  console.error(messageOf(error))
  process.exitCode = 1
}

async function start(port: number, format: LogFormat): Promise<void> {
  await waitForPort(port)
  makeDevVars()
  copyReference()
  await migrate()
  console.log('Loading the demo data ...')
  await loadDemoData()
  console.log('Starting the service ...')
  const address = ['--ip', HOST, '--port', String(port)]
  // 0 is any free port: another process may take one that wrangler chooses before it uses it.
  const debuggerPort = ['--inspector-port', '0']
  // Keeps the names of functions in stacks.
  const wrangler = spawnWrangler(['dev', ...address, ...debuggerPort, '--minify=false'])
  const ended = new Promise((resolve) => wrangler.on('close', resolve))
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => wrangler.kill('SIGTERM'))
  }
  let answer: Response | undefined
  const bindings = new Set<string>()
  function isShown(line: string): boolean {
    if (isBindingLine(line)) return bindings.size < bindings.add(line).size
    // Hides the request of waitForAnswer.
    const requestId = answer?.headers.get(REQUEST_ID)
    return !isRequestLine(line) || (!!requestId && !line.includes(requestId))
  }
  for (const stream of ['stdout', 'stderr'] as const) {
    createInterface({ input: wrangler[stream] }).on('line', (line) => {
      const text = isShown(line) ? formatLine(line, format, new Date().toTimeString().slice(0, 8)) : undefined
      if (text !== undefined) process[stream].write(`${text}\n`)
    })
  }
  const origin = `http://${HOST}:${port}`
  answer = await waitForAnswer(origin, wrangler)
  if (!answer && !wrangler.killed) {
    wrangler.kill('SIGTERM')
    throw new Error('The service did not start.')
  }
  if (answer) {
    console.log(answer.ok ? instructions(origin, portPrefix(port)) : problem(portPrefix(port)))
    void keepSchedule(origin, wrangler)
  }
  await ended
  if (!wrangler.killed) throw new Error('The service ended unexpectedly.')
}

/** Starts wrangler only if a migration is missing, because that takes seconds. */
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

async function waitForPort(port: number): Promise<void> {
  for (const end = Date.now() + PORT_SECONDS_MAX * 1000; Date.now() < end; await wait(200)) {
    if (await isFree(port)) return
  }
  const other = port === 65_535 ? port - 1 : port + 1
  throw new Error(`Port ${port} is in use. Use another one: PORT=${other} npm start`)
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(false))
    server.listen(port, HOST, () => server.close(() => resolve(true)))
  })
}

/**
 * Triggers the jobs, which wrangler does not do: the nightly and hourly ones at each start, those of each minute more often, to save
 * waiting.
 */
async function keepSchedule(origin: string, wrangler: ChildProcess): Promise<void> {
  for (const cron of [NIGHTLY, HOURLY]) await trigger(origin, cron)
  while (isAlive(wrangler)) {
    const response = await trigger(origin, EVERY_MINUTE)
    // A failure prints its stack, so a lasting one must not repeat often.
    await wait((response?.ok ? SCHEDULE_SECONDS : SCHEDULE_SECONDS_AFTER_FAILURE) * 1000, undefined, {
      ref: false,
    })
  }
}

function trigger(origin: string, cron: string): Promise<Response | undefined> {
  const url = `${origin}/cdn-cgi/local/scheduled?cron=${encodeURIComponent(cron)}`
  return fetch(url).catch(() => undefined)
}

function isAlive({ exitCode, signalCode }: ChildProcess): boolean {
  return exitCode === null && signalCode === null
}

/** @returns the first response; undefined if there is none in time, or wrangler ended */
async function waitForAnswer(origin: string, wrangler: ChildProcess): Promise<Response | undefined> {
  const end = Date.now() + READY_SECONDS_MAX * 1000
  for (; Date.now() < end && isAlive(wrangler); await wait(100)) {
    const response = await fetch(`${origin}/.well-known/jwks.json`).catch(() => undefined)
    if (response) return response
  }
  return undefined
}

function problem(prefix: string): string {
  return `The service has a problem. To see it and its fix: ${prefix}npm run keyseal -- doctor`
}

function instructions(origin: string, prefix: string): string {
  return `
Keyseal is running:

  Home page:      ${origin}/
  API reference:  ${origin}/docs (API key: ${DEMO_API_KEY})

Issue two license keys:

curl -s ${origin}/api/v1/random-assign-license-keys -d api_key=${DEMO_API_KEY} -d product_id=1 --data-urlencode 'owner_name=Ada Lovelace' -d owner_email=ada@example.com -d quantity=2 -d validity=365 -d activation_limit=3

Send a sample purchase of Stripe: ${prefix}npm run keyseal -- webhook stripe --price ${DEMO_PRICE}

Ctrl-C stops the service. The next start finds its data again.

Requests:
`
}
