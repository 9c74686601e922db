/** Follows docs/put-licensing-into-your-app.md from the first command to the last. */
import { mkdirSync, mkdtempSync, renameSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { freePort, type Running, startService } from './support/clone.ts'
import { cloneWithDatabase } from './support/keyseal.ts'
import { runShell } from './support/local-database.ts'
import { example } from './support/readme.ts'

const READY = /\ncurl -s .*\n/
const VALID = 'valid, days left: 365, reason: null\nThe pro features are on.\n'

/** The clone, with the app next to it. */
let clone: string
let home: string
let port: number
let service: Running
let licenseKey: string

beforeAll(async () => {
  home = mkdtempSync(path.join(inject('scratch'), 'developer-'))
  clone = path.join(home, 'keyseal')
  renameSync(cloneWithDatabase(), clone)
  port = await freePort()
  service = await startService(clone, port, READY)
})
afterAll(async () => {
  await service?.interrupt()
})

/** Runs an example of the page. @returns what it printed */
function follow(mark: string): string {
  return runShell(
    clone,
    example(mark).replaceAll('<license key>', licenseKey),
    ...[`PORT=${port}`, `HOME=${home}`, `XDG_CONFIG_HOME=${home}/config`, `APPDATA=${home}/config`],
    // Without the options of the tests' own Node.js, and without its warning about Ed25519. Tests need no network.
    ...['NODE_OPTIONS=', 'NODE_NO_WARNINGS=1', 'npm_config_offline=true'],
  )
}

/** An example that the page describes in words. @returns the states that it printed */
function statesAfter(mark: string): string[] {
  return [...follow(mark).matchAll(/^(.*), reason: null$/gm)].map((match) => match[1] ?? '')
}

describe('the page that puts licensing into an app', () => {
  it('buys a license key', () => {
    const [sold = ''] = /[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}/.exec(follow('run: app-buy')) ?? []
    licenseKey = sold
    expect(licenseKey).not.toBe('')
  })

  it('makes an app that has a license', () => {
    follow('run: app-install')
    writeFileSync(path.join(home, 'my-app/app.mjs'), example('run: app-program'))
    expect(follow('run: app-activate')).toBe(example('answer: app-activate'))
  })

  it('runs it without the server', async () => {
    await service.interrupt()
    expect(follow('run: app-without-server')).toBe(example('answer: app-without-server'))
    service = await startService(clone, port, READY)
  })

  it('refreshes it after an outage, frees the device, and replaces a trial', () => {
    expect(statesAfter('run: app-trial')).toEqual([
      'valid, days left: 365',
      'unlicensed, days left: 0',
      'valid, days left: 14',
      'valid, days left: 365',
    ])
  })

  it('brings a license file to a machine without a connection', async () => {
    const [address = ''] = follow('run: app-offline').split('\n')
    const body = new URLSearchParams({ request: address, download: '1' })
    const headers = { Connection: 'close' }
    const page = await fetch(`http://127.0.0.1:${port}/offline`, { method: 'POST', headers, body })
    mkdirSync(path.join(home, 'Downloads'))
    writeFileSync(path.join(home, 'Downloads/license.lic'), await page.text())
    expect(follow('run: app-accept')).toBe(VALID)
  })

  it('blocks it after a refund', () => {
    expect(statesAfter('run: app-refund')).toEqual(['blocked, days left: 0'])
  })

  it('changes settings of the product', () => {
    expect(follow('run: app-product-settings')).toContain(
      'Settings of product 1: trial-days=14, offline-page',
    )
  })
})
