/**
 * What only the API's description says of an endpoint. It stands in a file `docs.ts` beside the endpoints; the Worker does
 * not contain it.
 */

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

/** A license key object as an answer has it right after the key was assigned. */
export function assignedKey(id: number, licenseKey: string, contractId: number | null = null) {
  return {
    product_id: 1,
    license_key: licenseKey,
    activation_limit: 3,
    validity: 365,
    status: 'assigned',
    ...OWNER,
    assigned_at: '2026-11-24T08:30:00.125000Z',
    contract_id: contractId,
    updated_at: '2026-11-24T08:30:00.000000Z',
    created_at: '2026-11-24T08:30:00.000000Z',
    id,
    meta_data: [],
  }
}
