/** Gives each test file an empty, migrated database, and each test an empty log. */
import { applyD1Migrations, reset } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { afterEach, beforeEach, expect } from 'vitest'
import { enforceD1Limits, takeD1Violations } from './d1-limits.ts'
import { captureLog, clearLog, printLog, violationsInLog } from './log.ts'

// Test files share a runtime. `reset` skips a database that is not in memory, so a query loads it first.
await env.DB.prepare('select 1').run()
await reset()
const { results: tables } = await env.DB.prepare('select name from sqlite_schema').run()
if (tables.length > 0) throw new Error('The database of the previous test file was not reset.')
await applyD1Migrations(env.DB, env.TEST_MIGRATIONS)

enforceD1Limits(env.DB)
captureLog()
beforeEach(clearLog)
afterEach(({ task }) => {
  if (task.result?.state === 'fail') printLog()
  expect(takeD1Violations(), 'statements that exceed the limits of D1').toEqual([])
  expect(violationsInLog(), 'log lines that contain secrets or personal data').toEqual([])
})
