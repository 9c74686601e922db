/** What the Worker logs while a test runs; nothing of it is printed. */
import { afterEach, beforeEach, type MockInstance, vi } from 'vitest'

/** To be called once in a test file. @returns the lines of the running test */
export function watchLog(): () => Record<string, unknown>[] {
  let log: MockInstance<typeof console.error>
  beforeEach(() => {
    log = vi.spyOn(console, 'error').mockImplementation(() => {})
  })
  afterEach(() => log.mockRestore())
  return () => log.mock.calls.map(([line]) => JSON.parse(String(line)))
}
