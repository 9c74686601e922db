/** What several examples have in common. */

export const OWNER = { owner_name: 'Ada Lovelace', owner_email: 'ada@example.com' } as const

export const USE = { license_key: 'DEMO-2F8K-1', identifier: 'example.com' } as const

export const METADATA = { license_key: 'DEMO-2F8K-1', key: 'plan' } as const

export const ORDER = { product_id: 1, ...OWNER, quantity: 1, validity: 365, activation_limit: 3 } as const

/** The contract key is its holder's credential; this one is of a format that can not be guessed. */
export const CONTRACT_KEY = '0bd4f5a2-7c1e-4a53-9d0a-3f2b8f6e9c17'

/** A license key as an answer tells it that has just been assigned. */
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
