/**
 * What only the API's description says of an endpoint. It stands in a file `docs.ts` beside the endpoints; the Worker does
 * not contain it.
 */

import { licenseKeyObjects } from '../protocol/license-key-object.ts'

export interface EndpointDocs {
  /** What the endpoint does beyond its summary, as CommonMark. */
  readonly details: string
  readonly example?: Example
}

/** A request that works on the demo data once the earlier examples were sent, and its answer. */
export interface Example {
  /** All fields but the API key. */
  readonly request: Readonly<Record<string, unknown>>
  /** The fields of `response` besides `code`, `message` and `timestamp`. */
  readonly fields?: Readonly<Record<string, unknown>>
}

/** The docs of the endpoints of a folder, by their paths. */
export type DocsByPath = Readonly<Record<`/${string}`, EndpointDocs>>

/** Values that examples share. */
export const OWNER = { owner_name: 'Ada Lovelace', owner_email: 'ada@example.com' } as const

/** When the keys of the examples were assigned. */
const ASSIGNED_AT = Date.UTC(2026, 10, 24, 8, 30, 0, 125)

/** A license key object as an answer has it right after the key was assigned. */
export function assignedKey(id: number, licenseKey: string, contractId: number | null = null): object {
  const { owner_name: ownerName, owner_email: ownerEmail } = OWNER
  const [object] = licenseKeyObjects({ productId: 1, ownerName, ownerEmail, contractId }, ASSIGNED_AT, [
    [id, licenseKey, 3, 365, ASSIGNED_AT],
  ])
  return { ...object }
}
