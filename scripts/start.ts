/** `npm start`: from a fresh clone to a running service. */
import { existsSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import path from 'node:path'
import { DEMO_API_KEY, loadDemoData } from './demo-data.ts'
import { newSigningKey } from './signing-key.ts'
import { projectFolder, runWrangler, spawnWrangler } from './wrangler.ts'

const HOST = '127.0.0.1'
const PORT_DEFAULT = 8787
const READY_SECONDS_MAX = 60

try {
  await start(portFrom(process.env.PORT))
} catch (error) {
  console.error(error instanceof Error ? error.message : error)
  process.exitCode = 1
}

async function start(port: number): Promise<void> {
  await makeSurePortIsFree(port)
  makeDevVars()
  console.log('Applying the migrations to the local database ...')
  await runWrangler('d1', 'migrations', 'apply', 'DB', '--local')
  console.log('Loading the demo data ...')
  await loadDemoData()
  console.log('Starting the service ...')
  const parameters = ['dev', '--ip', HOST, '--port', String(port), '--show-interactive-dev-session=false']
  const wrangler = spawnWrangler(parameters, 'inherit')
  const ended = new Promise<void>((resolve) => wrangler.on('close', () => resolve()))
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => wrangler.kill('SIGTERM'))
  }
  await Promise.race([ended, sayHowToUse(`http://${HOST}:${port}`)])
  await ended
}

function portFrom(text: string | undefined): number {
  const port = Number(text || PORT_DEFAULT)
  if (Number.isInteger(port) && port >= 1 && port <= 65_535) return port
  throw new Error(`PORT must be a number from 1 to 65535, not "${text}".`)
}

async function makeSurePortIsFree(port: number): Promise<void> {
  const isFree = await new Promise<boolean>((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(false))
    server.listen(port, HOST, () => server.close(() => resolve(true)))
  })
  if (!isFree) throw new Error(`Port ${port} is in use. Take another one: PORT=${port + 1} npm start`)
}

/** Secrets of local development. A file that exists is the user's. */
function makeDevVars(): void {
  const file = path.join(projectFolder, '.dev.vars')
  if (existsSync(file)) return
  const key = newSigningKey().replaceAll('\n', '\\n')
  writeFileSync(file, `SIGNING_PRIVATE_KEY="${key}"\n`, { mode: 0o600, flag: 'wx' })
  console.log('Made .dev.vars with a fresh signing key.')
}

async function sayHowToUse(origin: string): Promise<void> {
  if (await isReady(origin)) {
    console.log(`
Keyseal is running. Issue two license keys:

curl -s ${origin}/api/v1/random-assign-license-keys -d api_key=${DEMO_API_KEY} -d product_id=1 --data-urlencode 'owner_name=Ada Lovelace' -d owner_email=ada@example.com -d quantity=2 -d validity=365 -d activation_limit=3

Ctrl-C stops it.`)
  } else {
    console.log(
      'The service can not sign: put a SIGNING_PRIVATE_KEY into .dev.vars (npm run --silent signing-key prints one) and start again.',
    )
  }
}

/** Waits for the first answer. @returns whether it is a good one */
async function isReady(origin: string): Promise<boolean> {
  for (const end = Date.now() + READY_SECONDS_MAX * 1000; Date.now() < end; ) {
    const response = await fetch(`${origin}/.well-known/jwks.json`).catch(() => undefined)
    if (response) return response.ok
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
  throw new Error(`The service did not answer within ${READY_SECONDS_MAX} seconds.`)
}
