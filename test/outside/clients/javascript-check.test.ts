/** The JavaScript client decides immediately, and asks in the background. */
import { setTimeout as wait } from 'node:timers/promises'
import { afterAll, beforeEach, describe, expect, it } from 'vitest'
import { DAY_MS, HOUR_MS, makeFile, rsaPair, START } from './support/file-maker.ts'
import { activatedApp, checkAndSettle, fileAnswer, Memory, startApp } from './support/javascript-app.ts'
import { type Reaction, reactWith, startLicenseServer } from './support/license-server.ts'

const EXPIRY = START + 14 * DAY_MS

const server = await startLicenseServer()
afterAll(() => server.close())
beforeEach(() => {
  server.requests.length = 0
})

function react(...reactions: Reaction[]): void {
  reactWith(server, ...reactions)
}

describe('check', () => {
  it('asks nothing before a third of the file', async () => {
    const { keyseal, setClock, memory } = await activatedApp(server)
    const { writes } = memory
    setClock(START + HOUR_MS)
    await checkAndSettle({ keyseal })
    expect(server.requests).toEqual([])
    expect(memory.writes).toBe(writes)
  })

  it('refreshes in the background after a third of the file', async () => {
    const { keyseal, setClock, stored } = await activatedApp(server)
    const later = START + 6 * DAY_MS
    setClock(later)
    react(fileAnswer(later))
    expect(await checkAndSettle({ keyseal })).toMatchObject({ state: 'valid' })
    expect(server.requests).toHaveLength(1)
    expect(stored().refreshAt).toBeGreaterThan(later)
    await checkAndSettle({ keyseal })
    expect(server.requests).toHaveLength(1)
  })

  it('does not wait for a server that hangs, and never asks twice at the same time', async () => {
    const { keyseal, setClock } = await activatedApp(server)
    setClock(EXPIRY)
    let release: (reaction: Reaction) => void = () => {}
    server.react = () => new Promise((resolve) => (release = resolve))
    const started = performance.now()
    await Promise.all([keyseal.check(), keyseal.check(), keyseal.check()])
    const refreshes = [keyseal.refresh(), keyseal.refresh()]
    expect(await keyseal.check()).toMatchObject({ state: 'grace' })
    expect(performance.now() - started).toBeLessThan(5_000)
    while (server.requests.length === 0) await wait(10)
    release(fileAnswer(EXPIRY))
    for (const status of await Promise.all(refreshes)) expect(status).toMatchObject({ state: 'valid' })
    await keyseal.settled()
    expect(server.requests).toHaveLength(1)
  })

  it('waits longer after each failure, as long as Retry-After says', async () => {
    const { keyseal, setClock, stored } = await activatedApp(server)
    setClock(EXPIRY)
    react('drop')
    await checkAndSettle({ keyseal })
    await checkAndSettle({ keyseal })
    expect(server.requests).toHaveLength(1)
    expect(stored()).toMatchObject({ failures: 1 })
    setClock(EXPIRY + 91_000)
    react({ body: '', status: 503, headers: { 'Retry-After': '7200' } })
    await checkAndSettle({ keyseal })
    expect(stored()).toMatchObject({ failures: 2, nextAttemptAt: EXPIRY + 91_000 + 2 * HOUR_MS })
    setClock(EXPIRY + 91_000 + 2 * HOUR_MS)
    react(fileAnswer(EXPIRY))
    await checkAndSettle({ keyseal })
    expect(stored()).toMatchObject({ failures: 0, nextAttemptAt: 0 })
  })

  it('stores the attempt before it asks, so that other processes do not ask too', async () => {
    const { keyseal, setClock, memory } = await activatedApp(server)
    setClock(EXPIRY)
    const other = startApp(server, {}, memory)
    other.setClock(EXPIRY)
    server.react = async () => {
      await checkAndSettle(other)
      return fileAnswer(EXPIRY)
    }
    await checkAndSettle({ keyseal })
    expect(server.requests).toHaveLength(1)
  })

  it('asks again a while after a refusal, so that a renewal counts, but not at each check', async () => {
    const { keyseal, setClock } = await activatedApp(server)
    react({ code: 205 })
    await keyseal.refresh()
    react(fileAnswer())
    expect(await checkAndSettle({ keyseal })).toMatchObject({ state: 'expired' })
    expect(await checkAndSettle({ keyseal })).toMatchObject({ state: 'expired' })
    setClock(START + 2 * 60_000)
    expect(await checkAndSettle({ keyseal })).toMatchObject({ state: 'expired' })
    expect(await keyseal.check()).toMatchObject({ state: 'valid' })
  })

  it('changes features only when the app calls a method', async () => {
    const { keyseal, setClock } = await activatedApp(server)
    setClock(EXPIRY)
    react({ code: 204 })
    await checkAndSettle({ keyseal })
    expect(keyseal.has('pro')).toBe(true)
    await keyseal.check()
    expect(keyseal.has('pro')).toBe(false)
  })

  it('refuses a clock that was set back, and heals one that ran ahead', async () => {
    const { keyseal, setClock } = await activatedApp(server)
    react('drop')
    setClock(START + 3 * DAY_MS)
    expect(await checkAndSettle({ keyseal })).toMatchObject({ state: 'valid' })
    setClock(START + 2 * DAY_MS - 1)
    expect(await checkAndSettle({ keyseal })).toMatchObject({ state: 'clock-set-back', features: [] })
    react(fileAnswer(START + 2 * DAY_MS))
    expect(await keyseal.refresh()).toMatchObject({ state: 'valid' })
  })

  it('asks again after an attempt by a clock that ran years ahead', async () => {
    const { keyseal, setClock } = await activatedApp(server)
    setClock(START + 3650 * DAY_MS)
    react('drop')
    expect(await checkAndSettle({ keyseal })).toMatchObject({ state: 'expired' })
    setClock(START + HOUR_MS)
    react(fileAnswer(START + HOUR_MS))
    expect(await checkAndSettle({ keyseal })).toMatchObject({ state: 'clock-set-back' })
    expect(await keyseal.check()).toMatchObject({ state: 'valid' })
  })

  it('finds a file of another device, and activates this one', async () => {
    const { memory } = await activatedApp(server)
    const copy = startApp(server, { device: () => 'device-2' }, memory)
    react(fileAnswer(START, { identifier: 'device-2' }))
    const copied = { state: 'unlicensed', reason: 'wrong-machine', features: [] }
    expect(await checkAndSettle(copy)).toMatchObject(copied)
    expect(server.requests[0]?.fields).toMatchObject({ identifier: 'device-2', activate: '1' })
    expect(await copy.keyseal.check()).toMatchObject({ state: 'valid' })
  })

  it('reports a changed file as tampered', async () => {
    const { keyseal, memory, stored } = await activatedApp(server)
    react('drop')
    memory.text = JSON.stringify({
      ...stored(),
      file: makeFile({ issued: START, expiry: EXPIRY, pair: rsaPair }),
    })
    expect(await checkAndSettle({ keyseal })).toMatchObject({ state: 'tampered', reason: 'file-invalid' })
  })

  it.each([
    ['is not readable', () => Promise.reject(new Error('No permission.'))],
    ['is damaged', () => '{"version":1,"lic'],
  ])('is unlicensed if storage %s', async (_, read) => {
    const memory = new Memory()
    const { keyseal } = startApp(server, { storage: { read, write: (text) => memory.write(text) } })
    expect(await keyseal.check()).toMatchObject({ state: 'unlicensed' })
    expect(memory.text).toBeNull()
  })

  it('gives a status although storage cannot be written', async () => {
    const { memory } = await activatedApp(server)
    const write = () => Promise.reject(new Error('The disk is full.'))
    const app = startApp(server, { storage: { read: () => memory.read(), write } })
    app.setClock(START + 5 * HOUR_MS)
    expect(await app.keyseal.check()).toMatchObject({ state: 'valid' })
  })
})
