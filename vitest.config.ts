import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { cloudflareTest, readD1Migrations } from '@cloudflare/vitest-plugin'
import { defineConfig } from 'vitest/config'
import { startOutboundServer } from './test/outside/support/outbound-server.ts'

const support = path.join(import.meta.dirname, 'test/support')

/** The size of the fault tests, set by `npm run test:faults`. */
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
 * Copies wrangler.toml to a folder without .dev.vars, so that the developer's settings, such as a key rotation, do not
 * affect tests.
 *
 * @param name of the project that reads the copy
 * @param change edits the text
 */
function configurationFor(name: string, change = (text: string) => text): string {
  const folder = path.join(import.meta.dirname, 'node_modules/.keyseal', name)
  const text = readFileSync(path.join(import.meta.dirname, 'wrangler.toml'), 'utf8')
  mkdirSync(folder, { recursive: true })
  const file = path.join(folder, 'wrangler.toml')
  writeFileSync(file, change(text).replaceAll(/^(main|directory|migrations_dir) = "/gm, '$&../../../'))
  return file
}

/** Without a consumer, messages stay in the queue. A late one would otherwise arrive in another test file. */
function withoutConsumers(text: string): string {
  return text.replaceAll(/^\[\[queues\.consumers\]\]\n(?:[^[\n].*\n|\n)*/gm, '')
}

/** The Workers runtime with a real D1. */
async function workersRuntime(configPath: string) {
  return cloudflareTest({
    wrangler: { configPath },
    miniflare: {
      // As deployed, plus the module that the test runner needs.
      compatibilityFlags: ['no_nodejs_compat', 'enable_nodejs_inspector_module'],
      // A test server answers all requests of the Worker (test/support/outbound.ts).
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
        SIGNING_PRIVATE_KEY_FILES: readFileSync(path.join(support, 'file-signing-key.pem'), 'utf8'),
        SIGNING_PRIVATE_KEY_FILES_RSA: readFileSync(path.join(support, 'file-signing-key-rsa.pem'), 'utf8'),
        STRIPE_API_KEY: 'rk_live_of_the_tests',
        PADDLE_API_KEY: 'pdl_live_of_the_tests',
        DELIVERY_WEBHOOK_SECRET: `whsec_${Buffer.alloc(32, 'delivery').toString('base64')}`,
        // Tests exceed the rate limits. The tests of the limits turn them on again.
        RATE_LIMITS: 'off',
      },
    },
  })
}

/** The options of both Worker projects. */
const inWorkersRuntime = {
  // A test that asserts nothing fails.
  expect: { requireAssertions: true },
  // No test depends on time, and a busy machine with two cores is slow.
  testTimeout: 60_000,
  hookTimeout: 60_000,
  provide: { faults },
  setupFiles: ['./test/support/setup.ts'],
}

/** Tests that need the running consumer of the queue. */
const WITH_QUEUE = [
  'test/issuing/random-assign-license-keys-queued.test.ts',
  'test/queue/consume.test.ts',
  'test/queue/hanging-callbacks.test.ts',
  'test/queue/queued-messages.test.ts',
  'test/queue/sweep.test.ts',
  'test/payments/waiting-events.test.ts',
  'test/stories/shop.test.ts',
]

/**
 * Three projects: tests inside the Workers runtime on a real D1, without and with the consumer of the queue, and tests
 * that use the service from outside.
 */
export default defineConfig(async () => ({
  test: {
    // More workers than cores: most of the time they wait for a process that they started.
    maxWorkers: 4,
    projects: [
      {
        plugins: [await workersRuntime(configurationFor('worker', withoutConsumers))],
        test: {
          ...inWorkersRuntime,
          name: 'worker',
          include: ['test/**/*.test.ts'],
          exclude: ['test/outside/**', ...WITH_QUEUE],
          // Starting a runtime takes longer than most files. Each file still gets an empty database.
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
          globalSetup: [
            './test/outside/support/scratch.ts',
            './test/outside/clients/support/build-javascript.ts',
          ],
          setupFiles: ['./test/outside/support/setup.ts'],
          // The files share no state except processes, which end after each file.
          isolate: false,
          testTimeout: 120_000,
          hookTimeout: 120_000,
        },
      },
    ],
  },
}))
