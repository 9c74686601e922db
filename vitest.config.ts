import { readFileSync } from 'node:fs'
import path from 'node:path'
import { cloudflareTest, readD1Migrations } from '@cloudflare/vitest-plugin'
import { defineConfig } from 'vitest/config'

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

/** Two projects: what runs inside the Workers runtime on a real D1, and what looks at the service from outside. */
export default defineConfig(async () => ({
  test: {
    projects: [
      {
        plugins: [
          cloudflareTest({
            wrangler: { configPath: './wrangler.toml' },
            miniflare: {
              // As deployed, and the one module that the test runner itself asks for.
              compatibilityFlags: ['no_nodejs_compat', 'enable_nodejs_inspector_module'],
              bindings: {
                TEST_MIGRATIONS: await readD1Migrations(path.join(import.meta.dirname, 'migrations')),
                SIGNING_PRIVATE_KEY: readFileSync(path.join(support, 'global-signing-key.pem'), 'utf8'),
                PRODUCT_SIGNING_KEY: readFileSync(path.join(support, 'product-signing-key.pem'), 'utf8'),
              },
            },
          }),
        ],
        test: {
          name: 'worker',
          provide: { faults },
          include: ['test/**/*.test.ts'],
          exclude: ['test/outside/**'],
          setupFiles: ['./test/support/setup.ts'],
        },
      },
      {
        test: {
          name: 'outside',
          provide: { faults },
          include: ['test/outside/**/*.test.ts'],
          testTimeout: 120_000,
          hookTimeout: 120_000,
        },
      },
    ],
  },
}))
