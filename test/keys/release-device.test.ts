/** Seats cannot be used twice with license files. */
import { env } from 'cloudflare:workers'
import { describe, expect, it } from 'vitest'
import { deleteOldReleases } from '../../src/keys/devices/release-device.ts'
import { addKey, callApi, DAY_MILLISECONDS, executeSql, type KeyOptions } from '../support/key-life.ts'
import { openShop } from '../support/shop.ts'

async function openKey(options: KeyOptions = {}) {
  const shop = await openShop()
  const key = await addKey(shop, { activationLimit: 1, ...options })
  const call = async (name: string, identifier: string, fields: object = {}, bindings: object = {}) => {
    const sent = { license_key: key.licenseKey, identifier, ...fields }
    return (await callApi(shop, name, sent, { bindings })).response.code
  }
  const checkOut = (identifier: string, bindings = {}) =>
    call('check-out', identifier, { activate: '1' }, bindings)
  /** Checks out a file and frees the device. */
  const useAndFree = async (identifier: string, bindings = {}) => {
    expect(await checkOut(identifier, bindings)).toBe(2210)
    expect(await call('deactivate', identifier, {}, bindings)).toBe('400')
  }
  return { key, call, checkOut, useAndFree }
}

async function releasesOf({ id }: { readonly id: number }) {
  const { results } = await env.DB.prepare(
    'select identifier, seat_taken_until from released_devices where license_key_id = ? order by id',
  )
    .bind(id)
    .all<{ identifier: string; seat_taken_until: number | null }>()
  return results
}

describe('a device that is freed while its file is valid', () => {
  it('frees its seat immediately three times in 30 days, then when the file ends', async () => {
    const { key, call, checkOut, useAndFree } = await openKey()
    for (const identifier of ['a', 'b', 'c', 'd']) await useAndFree(identifier)
    expect(await checkOut('e')).toBe(302)
    expect(await call('activate', 'e')).toBe(302)
    const releases = await releasesOf(key)
    expect(releases.map(({ seat_taken_until: until }) => until === null)).toEqual([true, true, true, false])
    await executeSql(
      'update released_devices set seat_taken_until = ? where identifier = ?',
      Date.now() - 1,
      'd',
    )
    expect(await checkOut('e')).toBe(2210)
  })

  it('may be activated again on its own seat', async () => {
    const { call, checkOut, useAndFree } = await openKey()
    const bindings = { RELEASES_MAX: '0' }
    await useAndFree('a', bindings)
    expect(await checkOut('b', bindings)).toBe(302)
    expect(await checkOut('a', bindings)).toBe(2210)
    expect(await call('deactivate', 'a', {}, bindings)).toBe('400')
    expect(await checkOut('a', bindings)).toBe(2210)
  })

  it('counts once, also after it was activated and freed again', async () => {
    const { checkOut, useAndFree } = await openKey({ activationLimit: 2 })
    const bindings = { RELEASES_MAX: '0' }
    await useAndFree('a', bindings)
    await useAndFree('a', bindings)
    expect(await checkOut('b', bindings)).toBe(2210)
    expect(await checkOut('c', bindings)).toBe(302)
  })

  it('counts again after 30 days', async () => {
    const { checkOut, useAndFree } = await openKey()
    for (const identifier of ['a', 'b', 'c']) await useAndFree(identifier)
    await executeSql('update released_devices set released_at = released_at - ?', 30 * DAY_MILLISECONDS)
    await useAndFree('d')
    expect(await checkOut('e')).toBe(2210)
  })
})

describe('a device without a file', () => {
  it('is freed as before, however often', async () => {
    const { key, call } = await openKey()
    for (const identifier of ['a', 'b', 'c', 'd', 'e']) {
      expect(await call('activate', identifier)).toBe(300)
      expect(await call('deactivate', identifier)).toBe('400')
    }
    expect(await releasesOf(key)).toEqual([])
  })

  it('is freed as before when its file has ended', async () => {
    const { key, call, checkOut } = await openKey()
    await checkOut('a')
    await executeSql(
      'update activations set file_ends_at = ? where license_key_id = ?',
      Date.now() - 1,
      key.id,
    )
    expect(await call('deactivate', 'a')).toBe('400')
    expect(await releasesOf(key)).toEqual([])
    expect(await checkOut('b')).toBe(2210)
  })
})

it('a key that returns to stock has all its seats again', async () => {
  const { key, useAndFree } = await openKey()
  await useAndFree('a', { RELEASES_MAX: '0' })
  const shop = await openShop()
  await callApi(shop, 'update-license-key', { license_key: key.licenseKey, status: 'available' })
  expect(await releasesOf(key)).toEqual([])
})

it('the nightly job deletes releases that no longer count', async () => {
  const { key, useAndFree } = await openKey()
  for (const identifier of ['a', 'b', 'c', 'd']) await useAndFree(identifier)
  const now = Date.now()
  await deleteOldReleases(env.DB, now + 29 * DAY_MILLISECONDS)
  expect(await releasesOf(key)).toHaveLength(4)
  await executeSql(
    'update released_devices set seat_taken_until = ? where identifier = ?',
    now + 60 * DAY_MILLISECONDS,
    'd',
  )
  await deleteOldReleases(env.DB, now + 31 * DAY_MILLISECONDS)
  expect((await releasesOf(key)).map(({ identifier }) => identifier)).toEqual(['d'])
  await deleteOldReleases(env.DB, now + 61 * DAY_MILLISECONDS)
  expect(await releasesOf(key)).toEqual([])
})
