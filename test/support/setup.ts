/** Each test file has a database of its own, migrated from empty, and each test a log of its own. */
import { applyD1Migrations, reset } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { afterEach, beforeEach, expect } from 'vitest'
import { captureLog, faultsInLog, forgetLog, printLog } from './log.ts'

// The files of a project share a runtime. What is not in memory there is not reset, so it is woken first.
await env.DB.prepare('select 1').run()
await reset()
const { results: tables } = await env.DB.prepare('select name from sqlite_schema').run()
if (tables.length > 0) throw new Error('The database of the test file before is still there.')
await applyD1Migrations(env.DB, env.TEST_MIGRATIONS)

captureLog()
beforeEach(forgetLog)
afterEach(({ task }) => {
  if (task.result?.state === 'fail') printLog()
  expect(faultsInLog(), 'what the log says of secrets and persons').toEqual([])
})
