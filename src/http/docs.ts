/** Texts about endpoints for the OpenAPI description. They are not part of the Worker's bundle. */

import { licenseKeyObjects } from '../protocol/license-key-object.ts'

export interface EndpointDocs {
  /** CommonMark. Adds to the summary. */
  readonly details: string
  readonly example?: Example
}

/** A request and its response. The request works on the demo data after the earlier examples were sent. */
export interface Example {
  readonly request: Readonly<Record<string, unknown>>
  /** The fields of `response` except `code`, `message` and `timestamp`. */
  readonly fields?: Readonly<Record<string, unknown>>
}

export type DocsByPath = Readonly<Record<`/${string}`, EndpointDocs>>

/** The owner in all examples. */
export const OWNER = { owner_name: 'Ada Lovelace', owner_email: 'ada@example.com' } as const

const ASSIGNED_AT = Date.UTC(2026, 10, 24, 8, 30, 0, 125)

/** The license key object in a response right after the key was assigned. */
export function assignedKey(id: number, licenseKey: string, contractId: number | null = null): object {
  const { owner_name: ownerName, owner_email: ownerEmail } = OWNER
  const [object] = licenseKeyObjects({ productId: 1, ownerName, ownerEmail, contractId }, ASSIGNED_AT, [
    [id, licenseKey, 3, 365, ASSIGNED_AT],
  ])
  return { ...object }
}
