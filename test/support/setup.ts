/** Each test file has a database of its own, migrated from empty, and each test a log of its own. */
import { applyD1Migrations } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { afterEach, beforeEach, expect } from 'vitest'
import { captureLog, faultsInLog, forgetLog, printLog } from './log.ts'

await applyD1Migrations(env.DB, env.TEST_MIGRATIONS)

captureLog()
beforeEach(forgetLog)
afterEach(({ task }) => {
  if (task.result?.state === 'fail') printLog()
  expect(faultsInLog(), 'what the log says of secrets and persons').toEqual([])
})
