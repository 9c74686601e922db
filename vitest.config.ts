import { readFileSync } from 'node:fs'
import path from 'node:path'
import { cloudflareTest, readD1Migrations } from '@cloudflare/vitest-plugin'
import { defineConfig } from 'vitest/config'

const support = path.join(import.meta.dirname, 'test/support')

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
          include: ['test/**/*.test.ts'],
          exclude: ['test/outside/**'],
          setupFiles: ['./test/support/setup.ts'],
        },
      },
      {
        test: {
          name: 'outside',
          include: ['test/outside/**/*.test.ts'],
          testTimeout: 120_000,
          hookTimeout: 120_000,
        },
      },
    ],
  },
}))
