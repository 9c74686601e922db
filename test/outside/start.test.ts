/** `npm start` right after another one was stopped. */
import { createServer } from 'node:net'
import { expect, it } from 'vitest'
import { freePort, isListening, removeClone, startService } from './support/clone.ts'
import { cloneWithDatabase } from './support/keyseal.ts'

const HELD_MS = 2_000

it('waits for a port that is still held for a moment', async () => {
  const folder = cloneWithDatabase()
  const port = await freePort()
  const former = createServer()
  await new Promise<void>((resolve) => former.listen(port, '127.0.0.1', resolve))
  setTimeout(() => former.close(), HELD_MS)
  try {
    const service = await startService(folder, port, /Ctrl-C stops it/)
    expect(await isListening(port)).toBe(true)
    await service.interrupt()
  } finally {
    removeClone(folder)
  }
})
