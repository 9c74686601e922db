/** The life of a license in each client library, against the service of `npm start`. */
import { cpSync, mkdtempSync } from 'node:fs'
import path from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, inject, it } from 'vitest'
import { freePort, type Running, removeClone, startService } from '../support/clone.ts'
import { cloneWithDatabase } from '../support/keyseal.ts'
import { query, writeDevVars } from '../support/local-database.ts'
import { buy } from '../support/purchase.ts'
import type { ClientDriver } from './support/client-driver.ts'
import { CLIENTS } from './support/clients.ts'
import { type Relay, startRelay } from './support/relay.ts'

const READY = /\ncurl -s .*\n/
const DAY = 86_400_000

let clone: string
let port: number
let service: Running | undefined
let keys: { readonly fileKeys: string[]; readonly answerKeys: string[] }

const origin = () => `http://127.0.0.1:${port}`

async function start(): Promise<void> {
  service = await startService(clone, port, READY)
}

async function stop(): Promise<void> {
  await service?.interrupt()
  service = undefined
}

beforeAll(async () => {
  clone = cloneWithDatabase()
  port = await freePort()
  writeDevVars(clone, { STRIPE_WEBHOOK_SECRET: `whsec_${Buffer.alloc(32, 'story').toString('base64')}` })
  await start()
  const fields = new URLSearchParams({ api_key: 'demo-api-key', product_id: '1', features: 'pro' })
  await fetch(`${origin()}/api/v1/update-product`, { method: 'POST', body: fields })
  const published = await fetch(`${origin()}/.well-known/license-file-keys.json`)
  const { keys: files } = (await published.json()) as { keys: { hex?: string }[] }
  const answers = await fetch(`${origin()}/api/v1/public-key`)
  keys = { fileKeys: files.flatMap(({ hex }) => hex ?? []), answerKeys: [await answers.text()] }
})

afterAll(async () => {
  await stop()
  removeClone(clone)
})

const activeDevices = (licenseKey: string) =>
  query(
    clone,
    `select identifier from activations join license_keys on license_keys.id = license_key_id
     where license_key = '${licenseKey}'`,
  )

describe.each(CLIENTS)('the $name client', ({ start: startClient, isMissing }) => {
  const drivers: ClientDriver[] = []
  const relays: Relay[] = []
  afterEach(async () => {
    for (const driver of drivers.splice(0)) driver.end()
    for (const relay of relays.splice(0)) await relay.close()
  })

  const story = isMissing
    ? (name: string, _: () => Promise<void>) => it.skip(`${name} (${isMissing})`)
    : (name: string, tell: () => Promise<void>) => it(name, tell)

  const newFolder = () => mkdtempSync(path.join(inject('scratch'), 'app-'))

  /** Starts the app. Its folder has its storage and, unless it names a device, its identifier. */
  async function openApp(folder: string, options: object = {}, identifier?: string) {
    const driver = startClient()
    drivers.push(driver)
    const all = { server: origin(), apiKey: 'demo-api-key', productId: 1, ...keys, ...options }
    await driver.ask({ do: 'new', options: all, folder, ...(identifier && { identifier }) })
    return {
      say: (name: string, values: object = {}) => driver.ask({ do: name, ...values }),
      state: async (name: string, values: object = {}) => (await driver.ask({ do: name, ...values })).state,
      /** @param days from now; null: the real time again */
      goTo: (days: number | null) =>
        driver.ask({
          do: 'clock',
          now: days === null ? null : new Date(Date.now() + days * DAY).toISOString(),
        }),
      end: () => driver.end(),
    }
  }

  async function openRelay(): Promise<Relay> {
    const relay = await startRelay(origin())
    relays.push(relay)
    return relay
  }

  story('activates, runs on without the server, comes back, and stops after a refund', async () => {
    const { licenseKey, refund } = buy(clone, port)
    const folder = newFolder()
    let app = await openApp(folder)
    expect(await app.state('check')).toBe('unlicensed')
    const activated = await app.say('activate', { key: ` ${licenseKey.toUpperCase()}\n` })
    expect(activated).toMatchObject({ state: 'valid', features: ['pro'], daysLeft: 365, reason: null })
    expect(await app.say('has', { feature: 'pro' })).toEqual({ has: true })
    expect(await app.say('has', { feature: 'cloud' })).toEqual({ has: false })

    await stop()
    expect(await app.say('refresh')).toMatchObject({ state: 'valid', reason: 'unreachable' })
    app.end()
    app = await openApp(folder)
    expect(await app.say('check')).toMatchObject({ state: 'valid', features: ['pro'] })

    const copy = newFolder()
    cpSync(folder, copy, { recursive: true })
    const copied = await openApp(copy, {}, 'another-machine')
    expect(await copied.say('check')).toMatchObject({
      state: 'unlicensed',
      features: [],
      reason: 'wrong-machine',
    })
    copied.end()

    await app.goTo(13.9)
    expect(await app.state('check')).toBe('valid')
    await app.goTo(15)
    expect(await app.say('check')).toMatchObject({ state: 'grace', features: ['pro'], daysLeft: 6 })
    await app.goTo(21.1)
    expect(await app.say('check')).toMatchObject({ state: 'expired', features: [] })
    await app.goTo(null)
    expect(await app.say('check')).toMatchObject({ state: 'clock-set-back', features: [] })

    await start()
    expect(await app.say('refresh')).toMatchObject({ state: 'valid', reason: null })
    expect(activeDevices(licenseKey)).toHaveLength(1)

    refund()
    expect(await app.say('refresh')).toMatchObject({ state: 'blocked', code: '204', features: [] })
    expect(await app.say('has', { feature: 'pro' })).toEqual({ has: false })
    await stop()
    app.end()
    app = await openApp(folder)
    expect(await app.state('check')).toBe('blocked')
    await start()
  })

  story('activates once when the answer is lost, and frees its seat', async () => {
    const { licenseKey } = buy(clone, port)
    const relay = await openRelay()
    const app = await openApp(newFolder(), { server: relay.origin })
    relay.next = 'lose the answer'
    expect(await app.say('activate', { key: licenseKey })).toMatchObject({
      state: 'unlicensed',
      reason: 'unreachable',
    })
    relay.next = 'forward'
    expect(await app.state('activate', { key: licenseKey })).toBe('valid')
    expect(activeDevices(licenseKey)).toHaveLength(1)
    relay.next = 'lose the answer'
    expect(await app.say('deactivate')).toMatchObject({ state: 'valid', reason: 'unreachable' })
    relay.next = 'forward'
    expect(await app.state('deactivate')).toBe('unlicensed')
    expect(activeDevices(licenseKey)).toHaveLength(0)
    expect(await app.state('check')).toBe('unlicensed')
  })

  story('does not take a recorded answer for a new one', async () => {
    const [bought, other] = [buy(clone, port), buy(clone, port)]
    const relay = await openRelay()
    const app = await openApp(newFolder(), { server: relay.origin }, 'laptop')
    expect(await app.state('activate', { key: bought.licenseKey })).toBe('valid')
    const goodAnswer = relay.answers.at(-1) ?? ''
    bought.refund()
    relay.next = { replay: goodAnswer }
    expect(await app.say('refresh')).toMatchObject({ state: 'valid', reason: 'not-trusted' })
    relay.next = 'forward'
    expect(await app.state('refresh')).toBe('blocked')
    const refusal = relay.answers.at(-1) ?? ''
    relay.next = { replay: goodAnswer }
    expect(await app.say('refresh')).toMatchObject({ state: 'blocked', reason: 'not-trusted' })

    const neighbour = await openApp(newFolder(), { server: relay.origin }, 'laptop-2')
    expect(await neighbour.say('activate', { key: other.licenseKey })).toMatchObject({
      state: 'unlicensed',
      reason: 'not-trusted',
    })
    relay.next = 'forward'
    expect(await neighbour.state('activate', { key: other.licenseKey })).toBe('valid')
    relay.next = { replay: refusal }
    expect(await neighbour.say('refresh')).toMatchObject({ state: 'valid', reason: 'not-trusted' })
  })

  story('says when the license has too many devices, and after one was freed', async () => {
    const { licenseKey } = buy(clone, port)
    const apps = []
    for (const name of ['a', 'b', 'c', 'd'])
      apps.push(await openApp(newFolder(), {}, `${name}-${licenseKey}`))
    const [a, b, c, d] = apps
    for (const app of [a, b, c]) expect(await app?.state('activate', { key: licenseKey })).toBe('valid')
    expect(await d?.say('activate', { key: licenseKey })).toMatchObject({
      state: 'limit-reached',
      code: '302',
    })
    expect(await d?.state('check')).toBe('limit-reached')
    await d?.say('settle')
    expect(await b?.state('deactivate')).toBe('unlicensed')
    expect(await d?.state('refresh')).toBe('valid')
  })

  story('refreshes in the background at a third of the time, without making the app wait', async () => {
    const { licenseKey } = buy(clone, port)
    const relay = await openRelay()
    const app = await openApp(newFolder(), { server: relay.origin })
    await app.say('activate', { key: licenseKey })
    const requests = () => relay.answers.length
    const before = requests()
    await app.say('check')
    await app.say('settle')
    expect(requests()).toBe(before)
    await app.goTo(6)
    expect(await app.state('check')).toBe('valid')
    await app.say('settle')
    expect(requests()).toBe(before + 1)
  })

  story('starts a trial once on a device', async () => {
    const folder = newFolder()
    const app = await openApp(folder)
    expect(await app.say('startTrial')).toMatchObject({ state: 'valid', daysLeft: 14, features: ['pro'] })
    expect(await app.state('startTrial')).toBe('valid')
    const { licenseKey } = buy(clone, port)
    expect(await app.say('activate', { key: licenseKey })).toMatchObject({ state: 'valid', daysLeft: 365 })
  })

  story('gets a file for a machine without a connection', async () => {
    const { licenseKey } = buy(clone, port)
    const app = await openApp(newFolder(), { server: 'http://127.0.0.1:9' })
    const { text, url } = await app.say('offlineRequest', { key: licenseKey })
    expect(url).toBe(`http://127.0.0.1:9/offline#${text}`)
    const answer = await fetch(`${origin()}/offline`, {
      method: 'POST',
      body: new URLSearchParams({ request: String(text) }),
    })
    const [file = ''] =
      /-----BEGIN MACHINE FILE-----[\s\S]*-----END MACHINE FILE-----/.exec(await answer.text()) ?? []
    expect(await app.state('acceptFile', { text: file })).toBe('valid')
    expect(await app.state('check')).toBe('valid')
  })
})
