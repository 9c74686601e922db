/**
 * Freeing a device. Every way of freeing one uses this file.
 *
 * Guarantees: a seat cannot be used twice with license files. A device that is freed while its file is still valid keeps
 * its seat until the file ends, except for a few devices of each license key in 30 days.
 */
import * as z from 'zod/mini'
import type { WriteSql } from '../../callers/operation.ts'
import { bind, compileText, PIECE_ROWS, runInPieces } from '../../db/batch.ts'
import { checkSettings, numberSetting, oncePerIsolate } from '../../platform/settings.ts'
import { DAY_MILLISECONDS } from '../../protocol/dates.ts'
import { IS_OF_DEVICE } from './devices.ts'

const RELEASES_DEFAULT = 3
const RELEASES_LIMIT = 1_000
const PERIOD_MS = 30 * DAY_MILLISECONDS

const settings = z.object({
  RELEASES_MAX: numberSetting(
    /^(\d{1,3}|1000)$/,
    `is not a whole number from 0 to ${RELEASES_LIMIT}`,
    RELEASES_DEFAULT,
  ),
})

/** How many devices of a license key may be freed in 30 days before their files end. */
export const releasesMax = oncePerIsolate((bindings) => checkSettings(settings, bindings).RELEASES_MAX)

/** An SQL condition: the license key of the activation may have one more device freed before its file ends. */
const IS_RELEASE_LEFT = `(select count(*) from released_devices as earlier
  where earlier.license_key_id = activations.license_key_id and earlier.seat_taken_until is null
    and earlier.released_at > :now - ${PERIOD_MS}) < :releasesMax`

/**
 * SQL that frees the device, if the outcome is `deactivated`. Placeholders: `releasesMax`, `now`, and those of devices.ts.
 *
 * @param isKey SQL that selects the row of `license_keys`
 * @param isDevice SQL that selects the row of `activations`
 */
export function releaseDevice({ decided }: WriteSql, isKey: string, isDevice = IS_OF_DEVICE): string[] {
  const isReleased = `activations.id in (select activations.id from license_keys
      cross join activations on activations.license_key_id = license_keys.id and ${isDevice}
      where ${isKey}) and ${decided('deactivated')}`
  return [
    `insert into released_devices (license_key_id, identifier, released_at, seat_taken_until)
     select license_key_id, identifier, :now, iif(${IS_RELEASE_LEFT}, null, file_ends_at)
     from activations where ${isReleased} and takes_seat and file_ends_at > :now`,
    `delete from activations where ${isReleased}`,
  ]
}

/** Reads the whole table, which has only the releases of 30 days. */
const deleteOld = compileText<{ id: number }>(`
  delete from released_devices where id in (select id from released_devices
    where released_at <= :before and coalesce(seat_taken_until, 0) <= :now limit ${PIECE_ROWS})
  returning id`)

/**
 * Deletes releases that no longer count.
 *
 * @param now milliseconds UTC
 */
export async function deleteOldReleases(db: D1Database, now: number): Promise<void> {
  await runInPieces(db, bind(deleteOld, { before: now - PERIOD_MS, now }))
}
