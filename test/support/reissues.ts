/** Reissues license keys like the operator's command, and lists the keys at each place of an order. */
import { env } from 'cloudflare:workers'
import { bind, runBatch } from '../../src/db/batch.ts'
import { parseKeysAsIssued } from '../../src/issuing/as-issued.ts'
import { type ReissueRow, reissueStatements } from '../../src/issuing/reissue.ts'

const { writes, select } = reissueStatements('license_keys.license_key = :licenseKey')

/** @returns the new license key, or that of an earlier reissue; undefined if the key was not reissued */
export async function reissue(licenseKey: string): Promise<string | undefined> {
  const material = JSON.stringify([crypto.randomUUID()])
  const values = { licenseKey, material, nonce: crypto.randomUUID(), now: 1 }
  const rows = await runBatch(
    env.DB,
    [...writes, select].map((statement) => bind<unknown>(statement, values)),
  )
  const keys = (rows.at(-1)?.[0] as ReissueRow | undefined)?.keys
  return keys ? parseKeysAsIssued(keys)[0]?.[1] : undefined
}

export interface PlacedKey {
  readonly line: string
  readonly place: number
  readonly licenseKey: string
  readonly status: string
  readonly expiresAt: number | null
  readonly activationLimit: number
}

/** The license keys of an order and their reissues, by place and then in the order of issuance. */
export async function keysWithReissuesOf(order: string): Promise<PlacedKey[]> {
  const { results } = await env.DB.prepare(
    `with key_issuances as (
       select line, issuance_id, null as place_id from order_lines where provider = 'standard' and order_id = ?1
       union all
       select line, reissues.issuance_id, reissues.place_id from order_lines
       join reissues on reissues.order_issuance_id = order_lines.issuance_id
       where provider = 'standard' and order_id = ?1)
     select line, coalesce(place_id, license_keys.id) as place, license_key as licenseKey, status,
       expires_at as expiresAt, activation_limit as activationLimit
     from key_issuances join license_keys using (issuance_id) order by line, place, license_keys.id`,
  )
    .bind(order)
    .all<PlacedKey>()
  return results
}

/** The statuses at each place, for example `['blocked, assigned']` if its key was reissued. */
export async function statusesByPlace(order: string): Promise<string[]> {
  const byPlace = Map.groupBy(await keysWithReissuesOf(order), ({ place }) => place)
  return [...byPlace.values()].map((keys) => keys.map(({ status }) => status).join(', '))
}

/** Reissues the latest key at a place. @param index of the place, from 0 */
export async function reissueAt(order: string, index: number): Promise<string | undefined> {
  const byPlace = Map.groupBy(await keysWithReissuesOf(order), ({ place }) => place)
  const latest = [...byPlace.values()][index]?.at(-1)
  return latest && reissue(latest.licenseKey)
}
