/** The second entry of the JavaScript client: files for the license and for the identifier of the device. */
import { cpSync, mkdtempSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { hostname } from 'node:os'
import path from 'node:path'
import { describe, expect, inject, it } from 'vitest'
import { deviceIdentifier } from '../../../clients/javascript/src/device/identifier.ts'
import { machineParts } from '../../../clients/javascript/src/device/machine.ts'
import { device, storage } from '../../../clients/javascript/src/device.ts'

const UUID = /^[\da-f]{8}-[\da-f]{4}-4[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/
const MACHINE = {
  systemId: ['11'],
  hostName: ['ada'],
  networkAddresses: ['00:00:5e:00:53:01', '00:00:5e:00:53:02'],
  processor: ['Fast CPU'],
}

function newFolder(): string {
  return mkdtempSync(path.join(inject('scratch'), 'device-'))
}

describe('the identifier of a device', () => {
  it('is random, and the same on each run', async () => {
    const folder = newFolder()
    const identifier = await deviceIdentifier(folder, MACHINE)
    expect(identifier).toMatch(UUID)
    expect(await deviceIdentifier(folder, MACHINE)).toBe(identifier)
    expect(await deviceIdentifier(newFolder(), MACHINE)).not.toBe(identifier)
  })

  const OTHER = {
    systemId: ['22'],
    hostName: ['bob'],
    networkAddresses: ['00:00:5e:00:53:03'],
    processor: ['Slow CPU'],
  }
  const names = Object.keys(MACHINE) as (keyof typeof MACHINE)[]

  it.each(names)('survives another %s, and no second change at the same time', async (name) => {
    for (const second of names.filter((other) => other !== name)) {
      const folder = newFolder()
      const identifier = await deviceIdentifier(folder, MACHINE)
      const copy = newFolder()
      cpSync(folder, copy, { recursive: true })
      expect(await deviceIdentifier(folder, { ...MACHINE, [name]: OTHER[name] })).toBe(identifier)
      const changed = { ...MACHINE, [name]: OTHER[name], [second]: OTHER[second] }
      const replaced = await deviceIdentifier(copy, changed)
      expect(replaced).not.toBe(identifier)
      expect(await deviceIdentifier(copy, changed)).toBe(replaced)
    }
  })

  it('survives parts that change one after the other', async () => {
    const folder = newFolder()
    const identifier = await deviceIdentifier(folder, MACHINE)
    let machine: Record<string, string[]> = MACHINE
    for (const name of names) {
      machine = { ...machine, [name]: OTHER[name] }
      expect(await deviceIdentifier(folder, machine)).toBe(identifier)
    }
  })

  it('survives parts that cannot be read, and remembers them when they can', async () => {
    const folder = newFolder()
    const unreadable = { ...MACHINE, systemId: [], hostName: [], networkAddresses: [] }
    const identifier = await deviceIdentifier(folder, unreadable)
    expect(await deviceIdentifier(folder, MACHINE)).toBe(identifier)
    expect(await deviceIdentifier(folder, { ...unreadable, processor: [] })).toBe(identifier)
    expect(await deviceIdentifier(folder, OTHER)).not.toBe(identifier)
  })

  it('survives a network card that is added or removed', async () => {
    const folder = newFolder()
    const identifier = await deviceIdentifier(folder, MACHINE)
    const networkAddresses = ['00:00:5e:00:53:02', '00:00:5e:00:53:09']
    expect(await deviceIdentifier(folder, { ...MACHINE, networkAddresses, hostName: ['bob'] })).toBe(
      identifier,
    )
  })

  it('is the same for processes that start at the same time', async () => {
    const folder = newFolder()
    const identifiers = await Promise.all(Array.from({ length: 20 }, () => deviceIdentifier(folder, MACHINE)))
    expect(new Set(identifiers).size).toBe(1)
    expect(readdirSync(folder)).toEqual(['keyseal-device.json'])
  })

  it.each(['', '{', '{"version":2}', '{"version":1,"identifier":7}'])(
    'is new if the file is damaged: %s',
    async (text) => {
      const folder = newFolder()
      writeFileSync(path.join(folder, 'keyseal-device.json'), text)
      const identifier = await deviceIdentifier(folder, MACHINE)
      expect(identifier).toMatch(UUID)
      expect(await deviceIdentifier(folder, MACHINE)).toBe(identifier)
    },
  )

  it('is given although its folder cannot be written', async () => {
    const folder = path.join(newFolder(), 'file')
    writeFileSync(folder, 'not a folder')
    expect(await deviceIdentifier(folder, MACHINE)).toMatch(UUID)
  })

  it('is stored with nothing that names the machine', async () => {
    const folder = newFolder()
    const identifier = await device('app', { folder })()
    const text = readFileSync(path.join(folder, 'keyseal-device.json'), 'utf8')
    expect(text).toContain(identifier)
    const parts = await machineParts()
    expect(parts.hostName).toEqual([hostname()])
    for (const value of Object.values(parts).flat()) expect(text).not.toContain(value)
  })
})

describe('the file of a license', () => {
  it('holds what was written last, and only its user may read it', async () => {
    const folder = path.join(newFolder(), 'a/b')
    const license = storage('app', { folder })
    expect(await license.read()).toBeNull()
    await license.write('one')
    await Promise.all(['two', 'two', 'two'].map((text) => license.write(text)))
    expect(await license.read()).toBe('two')
    expect(readdirSync(folder)).toEqual(['keyseal.json'])
    if (process.platform !== 'win32')
      expect(statSync(path.join(folder, 'keyseal.json')).mode & 0o777).toBe(0o600)
  })

  it.each(['', '..', '.', 'a/b', 'a\\b', 'a:b', 'a '])('has no folder named "%s"', (app) => {
    expect(() => storage(app)).toThrow('The name of the app must be the name of a folder')
    expect(() => device(app)).toThrow('The name of the app must be the name of a folder')
  })
})
