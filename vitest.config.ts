import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { cloudflareTest, readD1Migrations } from '@cloudflare/vitest-plugin'
import { defineConfig } from 'vitest/config'
import { startOutboundServer } from './test/outside/support/outbound-server.ts'

const support = path.join(import.meta.dirname, 'test/support')

/** How much the fault tests do; `npm run test:faults` chooses. */
const FAULTS = {
  small: { orders: 100, kills: 2, requests: 400 },
  full: { orders: 1_000, kills: 10, requests: 10_000 },
  large: { orders: 10_000, kills: 100, requests: 100_000 },
}
const faultsSize = (process.env.FAULTS_SIZE ?? 'small') as keyof typeof FAULTS
const faultsSeed = Number(process.env.FAULTS_SEED ?? Math.floor(Math.random() * 2 ** 31))
const faults = { seed: faultsSeed, ...FAULTS[faultsSize] }

const outboundServer = await startOutboundServer()

/**
 * A copy of wrangler.toml beside which no .dev.vars stands: what is in there is the developer's, and a key that is being
 * rotated, for one, must change nothing in a test.
 *
 * @param name of the project that reads it
 * @param change of its text
 */
function configurationFor(name: string, change = (text: string) => text): string {
  const folder = path.join(import.meta.dirname, 'node_modules/.keyseal', name)
  const text = readFileSync(path.join(import.meta.dirname, 'wrangler.toml'), 'utf8')
  mkdirSync(folder, { recursive: true })
  const file = path.join(folder, 'wrangler.toml')
  writeFileSync(file, change(text).replaceAll(/^(main|directory|migrations_dir) = "/gm, '$&../../../'))
  return file
}

/** Messages stay in the queue: one that comes late would arrive in another test file. */
function withoutConsumers(text: string): string {
  return text.replaceAll(/^\[\[queues\.consumers\]\]\n(?:[^[\n].*\n|\n)*/gm, '')
}

/** The Workers runtime with a real D1. */
async function workersRuntime(configPath: string) {
  return cloudflareTest({
    wrangler: { configPath },
    miniflare: {
      // As deployed, and the one module that the test runner itself asks for.
      compatibilityFlags: ['no_nodejs_compat', 'enable_nodejs_inspector_module'],
      // Whatever the Worker fetches is answered by a server of the tests (test/support/outbound.ts).
      outboundService: 'outbound',
      workers: [
        {
          name: 'outbound',
          modules: true,
          scriptPath: path.join(support, 'outbound-worker.js'),
          compatibilityDate: '2026-11-02',
          bindings: { SERVER: outboundServer },
        },
      ],
      bindings: {
        TEST_MIGRATIONS: await readD1Migrations(path.join(import.meta.dirname, 'migrations')),
        SIGNING_PRIVATE_KEY: readFileSync(path.join(support, 'global-signing-key.pem'), 'utf8'),
        PRODUCT_SIGNING_KEY: readFileSync(path.join(support, 'product-signing-key.pem'), 'utf8'),
        STRIPE_API_KEY: 'rk_live_of_the_tests',
        PADDLE_API_KEY: 'pdl_live_of_the_tests',
        DELIVERY_WEBHOOK_SECRET: `whsec_${Buffer.alloc(32, 'delivery').toString('base64')}`,
        // Tests ask more often than anybody may; those of the limits switch them on again.
        RATE_LIMITS: 'off',
      },
    },
  })
}

/** What both projects within the runtime have in common. */
const inWorkersRuntime = {
  // A test that asserts nothing fails.
  expect: { requireAssertions: true },
  // Nothing here is timed; a busy machine of two cores takes its time.
  testTimeout: 60_000,
  hookTimeout: 60_000,
  provide: { faults },
  setupFiles: ['./test/support/setup.ts'],
}

/** Tests of what the consumer of the queue does by itself. */
const WITH_QUEUE = [
  'test/issuing/random-assign-license-keys-queued.test.ts',
  'test/queue/consume.test.ts',
  'test/queue/queued-messages.test.ts',
  'test/queue/sweep.test.ts',
  'test/payments/waiting-events.test.ts',
  'test/stories/shop.test.ts',
]

/**
 * Three projects: what runs inside the Workers runtime on a real D1, without and with the consumer of the queue, and
 * what looks at the service from outside.
 */
export default defineConfig(async () => ({
  test: {
    // Most of the time one of them waits for a process that it started.
    maxWorkers: 4,
    projects: [
      {
        plugins: [await workersRuntime(configurationFor('worker', withoutConsumers))],
        test: {
          ...inWorkersRuntime,
          name: 'worker',
          include: ['test/**/*.test.ts'],
          exclude: ['test/outside/**', ...WITH_QUEUE],
          // A runtime takes longer to start than most files take to run. Each file has an empty database all the same.
          isolate: false,
        },
      },
      {
        plugins: [await workersRuntime(configurationFor('worker-queue'))],
        test: { ...inWorkersRuntime, name: 'worker-queue', include: WITH_QUEUE },
      },
      {
        test: {
          name: 'outside',
          expect: { requireAssertions: true },
          provide: { faults },
          include: ['test/outside/**/*.test.ts'],
          globalSetup: ['./test/outside/support/scratch.ts'],
          setupFiles: ['./test/outside/support/setup.ts'],
          // What the files share holds no state of a test but processes, which end after each file.
          isolate: false,
          testTimeout: 120_000,
          hookTimeout: 120_000,
        },
      },
    ],
  },
}))
