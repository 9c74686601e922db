import { env } from 'cloudflare:workers'
import { describe, expect, it } from 'vitest'

describe('the constraints of the schema', () => {
  const key = {
    product_id: 1,
    license_key: 'k',
    status: 'assigned',
    activation_limit: 0,
    validity_days: 0,
    assigned_at: 1,
    created_at: 1,
    updated_at: 1,
  }
  const apiKey = {
    name: 'n',
    key_hash: 'a'.repeat(64),
    key_start: '',
    status: 'active',
    capabilities: '[]',
    created_at: 1,
  }
  const issuance = {
    source: 'api:1',
    idempotency_key: 'k',
    nonce: 'n',
    product_id: 1,
    quantity: 1,
    owner_name: 'n',
    owner_email: 'e',
    validity_days: 0,
    activation_limit: 0,
    created_at: 1,
  }
  const product = { name: 'n', status: 'active', created_at: 1, updated_at: 1 }
  const offer = {
    provider: 'stripe',
    external_id: 'price',
    product_id: 1,
    keys_per_unit: 1,
    mode: 'seats',
    validity_days: 0,
    activation_limit: 0,
  }
  const event = {
    provider: 'stripe',
    event_id: 'e',
    type: 't',
    mode: 'live',
    received_at: 1,
    outcome: 'issued',
  }
  const reversal = {
    provider: 'stripe',
    reversal_id: 'r',
    reference: 'o',
    is_active: 1,
    occurred_at: 1,
    phase: 0,
    nonce: 'n',
  }
  const line = { issuance_id: 1, provider: 'stripe', order_id: 'o', line: '1', units: 1 }
  const delivery = {
    issuance_id: 1,
    channel: 'email',
    status: 'pending',
    due_at: 1,
    created_at: 1,
    updated_at: 1,
  }

  const generator = {
    product_id: 1,
    method: 'chunk-system',
    prefix: '',
    suffix: '',
    charset: 'AB',
    number_of_chunks: 8,
    chunk_length: 6,
    activation_limit: 0,
    validity_days: 0,
    status: 1,
    created_at: 1,
    updated_at: 1,
  }
  const contract = {
    contract_key: 'c',
    name: 'n',
    information: 'i',
    product_id: 1,
    license_keys_quantity: 1,
    status: 'active',
    can_get_info: 1,
    can_generate: 1,
    can_destroy: 1,
    can_destroy_all: 1,
    source: 'api:1',
    created_at: 1,
    updated_at: 1,
  }
  const operation = {
    source: 'api:1',
    endpoint: 'activate',
    idempotency_key: 'k',
    fingerprint: 'a'.repeat(64),
    nonce: 'n',
    outcome: '{"kind":"activated"}',
    created_at: 1,
  }
  const useOperation = { ...operation, idempotency_key: 'a'.repeat(64) }
  const blocked = { kind: 'identifier', value: 'v', created_at: 1 }
  const activation = { license_key_id: 1, identifier: 'example.com', created_at: 1 }
  const metadata = { license_key_id: 1, key: 'k', value: 'v' }
  const productMetadata = { product_id: 1, key: 'k', value: 'v' }
  const asIssued = {
    issuance_id: 1,
    license_key_id: 1,
    license_key: 'k',
    activation_limit: 0,
    validity_days: 0,
    created_at: 1,
  }

  const queuedOrder = {
    source: 'api:1',
    idempotency_key: 'k',
    nonce: 'n',
    product_id: 1,
    quantity: 1,
    owner_name: 'n',
    owner_email: 'e',
    origin: 'fresh',
    webhook_url: 'u',
    status: 'issuing',
    due_at: 1,
    created_at: 1,
    updated_at: 1,
  }
  const callback = { ...delivery, channel: 'callback', issuance_id: null, queued_order_id: 1 }
  const termsInStock = { issuance_id: 1, terms: '[]' }
  const reissue = { issuance_id: 2, order_issuance_id: 1, place_id: 1 }

  function insert(table: string, row: Record<string, unknown>): Promise<D1Result> {
    const names = Object.keys(row)
    return env.DB.prepare(`insert into ${table} (${names}) values (${names.map(() => '?')})`)
      .bind(...Object.values(row))
      .run()
  }

  it('accept valid rows', async () => {
    const rows: [string, Record<string, unknown>][] = [
      ['products', { ...product, id: 1 }],
      ['api_keys', apiKey],
      ['issuances', issuance],
      ['license_keys', key],
      ['offers', { ...offer, removed_at: 1 }],
      ['offers', { ...offer, removed_at: 1 }],
      ['offers', offer],
      ['webhook_events', event],
      ['reversals', reversal],
      ['order_lines', line],
      ['deliveries', delivery],
      ['generators', generator],
      ['contracts', contract],
      ['operations', operation],
      ['use_operations', useOperation],
      ['blocklist', blocked],
      ['activations', activation],
      ['license_key_metadata', metadata],
      ['product_metadata', productMetadata],
      ['license_keys_as_issued', asIssued],
      ['queued_orders', queuedOrder],
      ['deliveries', callback],
      ['terms_in_stock', termsInStock],
      ['issuances', { ...issuance, idempotency_key: 'reissue' }],
      ['reissues', reissue],
    ]
    for (const [table, row] of rows) expect((await insert(table, row)).meta.changes, table).toBe(1)
  })

  it.each([
    ['products', { ...product, status: 'gone' }],
    ['products', { ...product, id: 2_147_483_648 }],
    ['products', { ...product, name: '' }],
    ['products', { ...product, created_at: 'today' }],
    ['api_keys', { ...apiKey, key_hash: 'A'.repeat(64) }],
    ['api_keys', { ...apiKey, key_hash: 'a'.repeat(63) }],
    ['api_keys', { ...apiKey, key_hash: 'b'.repeat(64), capabilities: '{}' }],
    ['api_keys', { ...apiKey, key_hash: 'b'.repeat(64), capabilities: 'x' }],
    ['api_keys', { ...apiKey, key_hash: 'b'.repeat(64), allowed_ips: '[]' }],
    ['api_keys', { ...apiKey, key_hash: 'b'.repeat(64), key_start: 'too-long-to-be-a-start' }],
    ['api_keys', apiKey],
    ['issuances', { ...issuance, idempotency_key: 'l', quantity: 0 }],
    ['issuances', { ...issuance, idempotency_key: 'l', quantity: 10_001 }],
    ['issuances', { ...issuance, idempotency_key: 'l', product_id: 2 }],
    ['issuances', { ...issuance, idempotency_key: 'l', validity_days: 36_501 }],
    ['issuances', { ...issuance, idempotency_key: 'l', owner_name: '' }],
    ['issuances', issuance],
    ['license_keys', { ...key, license_key: 'l', status: 'active' }],
    ['license_keys', { ...key, license_key: 'l', assigned_at: null }],
    ['license_keys', { ...key, license_key: 'l', product_id: 2 }],
    ['license_keys', { ...key, license_key: 'l', issuance_id: 99 }],
    ['license_keys', { ...key, license_key: 'l', activation_limit: -1 }],
    ['license_keys', key],
    ['license_keys', { ...key, license_key: 'l', status_before_reversal: 'gone' }],
    ['products', { ...product, delivery_webhook_url: '' }],
    ['offers', { ...offer, provider: 'ebay', external_id: 'p' }],
    ['offers', { ...offer, keys_per_unit: 0, external_id: 'p' }],
    ['offers', { ...offer, keys_per_unit: 101, external_id: 'p' }],
    ['offers', { ...offer, mode: 'all', external_id: 'p' }],
    ['offers', { ...offer, product_id: 99, external_id: 'p' }],
    ['offers', { ...offer, follows_subscription: 2, external_id: 'p' }],
    ['offers', { ...offer, grace_days: 366, external_id: 'p' }],
    ['offers', { ...offer, features: '{}', external_id: 'p' }],
    ['offers', offer],
    ['products', { ...product, features: '{}' }],
    ['license_keys', { ...key, license_key: 'l', features: '"pro"' }],
    ['order_lines', { ...line, issuance_id: 2, line: '2', offer_id: 99 }],
    ['order_lines', { ...line, issuance_id: 2, line: '2', current_offer_id: 99 }],
    ['webhook_events', { ...event, outcome: 'lost', event_id: 'f' }],
    ['webhook_events', { ...event, event_id: '' }],
    ['webhook_events', { ...event, event_id: 'f', mode: 'both' }],
    ['webhook_events', event],
    ['reversals', { ...reversal, lines: '{}', reversal_id: 's' }],
    ['reversals', { ...reversal, is_active: 2, reversal_id: 's' }],
    ['reversals', reversal],
    ['order_lines', { ...line, issuance_id: 99, line: '2' }],
    ['order_lines', { ...line, units: 0, line: '2' }],
    ['order_lines', line],
    ['deliveries', { ...delivery, channel: 'fax' }],
    ['deliveries', { ...delivery, channel: 'webhook', status: 'lost' }],
    ['deliveries', delivery],
    ['deliveries', { ...delivery, channel: 'webhook', issuance_id: null }],
    ['products', { ...product, source: 'elsewhere' }],
    ['products', { ...product, require_non_expired: 2 }],
    ['products', { ...product, description: 'd'.repeat(10_001) }],
    ['products', { ...product, deleted_at: 1 }],
    ['issuances', { ...issuance, idempotency_key: 'l', origin: 'found' }],
    ['generators', { ...generator, method: 'custom' }],
    ['generators', { ...generator, charset: 'A' }],
    ['generators', { ...generator, chunk_length: 7 }],
    ['generators', { ...generator, chunk_length: 0 }],
    ['generators', { ...generator, product_id: 99 }],
    ['generators', { ...generator, status: 2 }],
    ['contracts', { ...contract, contract_key: '' }],
    ['contracts', { ...contract, contract_key: 'd', license_keys_quantity: 0 }],
    ['contracts', { ...contract, contract_key: 'd', license_keys_quantity: 100_001 }],
    ['contracts', { ...contract, contract_key: 'd', can_generate: 2 }],
    ['contracts', { ...contract, contract_key: 'd', status: 'gone' }],
    ['contracts', contract],
    ['operations', { ...operation, idempotency_key: '' }],
    ['operations', { ...operation, idempotency_key: 'l', outcome: '{}' }],
    ['operations', { ...operation, idempotency_key: 'l', outcome: 'x' }],
    ['operations', { ...operation, idempotency_key: 'l', fingerprint: 'a' }],
    ['operations', operation],
    ['use_operations', { ...useOperation, idempotency_key: 'k' }],
    ['use_operations', { ...useOperation, idempotency_key: 'b'.repeat(64), outcome: '{}' }],
    ['use_operations', { ...useOperation, idempotency_key: 'b'.repeat(64), fingerprint: 'a' }],
    ['use_operations', useOperation],
    ['blocklist', { ...blocked, kind: 'name' }],
    ['blocklist', { ...blocked, value: '' }],
    ['blocklist', blocked],
    ['activations', { ...activation, identifier: '' }],
    ['activations', { ...activation, license_key_id: 99 }],
    ['activations', activation],
    ['license_key_metadata', { ...metadata, value: '' }],
    ['license_key_metadata', { ...metadata, license_key_id: 99, key: 'l' }],
    ['license_key_metadata', metadata],
    ['product_metadata', { ...productMetadata, key: '' }],
    ['product_metadata', productMetadata],
    ['license_keys_as_issued', { ...asIssued, issuance_id: 99 }],
    ['license_keys_as_issued', asIssued],
    ['queued_orders', { ...queuedOrder, idempotency_key: 'l', quantity: 0 }],
    ['queued_orders', { ...queuedOrder, idempotency_key: 'l', quantity: 100_001 }],
    ['queued_orders', { ...queuedOrder, idempotency_key: 'l', product_id: 99 }],
    ['queued_orders', { ...queuedOrder, idempotency_key: 'l', origin: 'found' }],
    ['queued_orders', { ...queuedOrder, idempotency_key: 'l', status: 'lost' }],
    ['queued_orders', { ...queuedOrder, idempotency_key: 'l', status: 'refused' }],
    ['queued_orders', { ...queuedOrder, idempotency_key: 'l', refusal: 'product-not-found' }],
    ['queued_orders', { ...queuedOrder, idempotency_key: 'l', status: 'refused', refusal: 'because' }],
    ['queued_orders', { ...queuedOrder, idempotency_key: 'l', identifier: '' }],
    ['queued_orders', { ...queuedOrder, idempotency_key: 'l', webhook_url: '' }],
    ['queued_orders', queuedOrder],
    ['deliveries', callback],
    ['deliveries', { ...callback, queued_order_id: 99 }],
    ['deliveries', { ...callback, issuance_id: 1, queued_order_id: null }],
    ['terms_in_stock', { issuance_id: 99, terms: '[]' }],
    ['terms_in_stock', { issuance_id: 1, terms: '{}' }],
    ['terms_in_stock', termsInStock],
    ['reissues', { ...reissue, issuance_id: 99 }],
    ['reissues', { ...reissue, issuance_id: 1, order_issuance_id: 99 }],
    ['reissues', { ...reissue, issuance_id: 1 }],
    ['reissues', reissue],
  ])('reject an invalid row of %s: %j', async (table, row) => {
    await expect(insert(table, row)).rejects.toThrow(/constraint failed|cannot store|malformed JSON/)
  })
})
