/**
 * `POST /admin/v1/api-keys`: creates the key of a shop or of software.
 *
 * Guarantees: an API key is shown once. Neither the database nor the audit has it.
 */
import { hashApiKey } from '../../callers/api-keys.ts'
import { auditSubject } from '../../callers/audit.ts'
import { CAPABILITIES } from '../../callers/caller.ts'
import { defineOperation, perform } from '../../callers/operation.ts'
import { operatorAuthority } from '../../callers/operators.ts'
import { adminEndpoint } from '../endpoint.ts'
import { etagOf } from '../fields.ts'
import {
  type ApiKey,
  apiKeyBody,
  apiKeyWhere,
  NAME,
  PRODUCT_NOT_FOUND,
  SCOPE_FIELDS,
  STATE,
  scopeValues,
  unlessProductMissing,
} from './api-key.ts'
import { newSecret, withSecret } from './new-secret.ts'

type Created = { readonly kind: 'created'; readonly apiKey: ApiKey } | { readonly kind: 'product-not-found' }

const create = defineOperation<Created>({
  authority: operatorAuthority({ role: 'owner' }),
  name: 'api-keys.create',
  decision: `json_object('kind', ${unlessProductMissing(`'created'`)})`,
  changes: ['created'],
  writes: ({ decided, addToOutcome }) => [
    `insert into api_keys (name, key_hash, key_start, status, capabilities, allowed_ips, product_ids, expires_at,
       created_at, updated_at)
     select :name, :newKeyHash, :keyStart, 'active', :capabilities, :allowedNetworks, :productIds, :expiresAt, :now, :now
     where ${decided('created')}`,
    addToOutcome(`'$.apiKey', ${apiKeyWhere('api_keys.key_hash = :newKeyHash')}`, 'created'),
  ],
  audit: () => ({
    subject: auditSubject(
      'api-key',
      '(select api_keys.id from api_keys where api_keys.key_hash = :newKeyHash)',
    ),
    state: apiKeyWhere('api_keys.key_hash = :newKeyHash', STATE),
  }),
})

const PREFIX = 'ks_'
const START_CHARACTERS = 8

export const createApiKey = adminEndpoint({
  method: 'POST',
  path: '/api-keys',
  summary: 'Create an API key',
  role: 'owner',
  body: () => ({ name: NAME, ...SCOPE_FIELDS }),
  problems: { 'product-not-found': PRODUCT_NOT_FOUND },
  async handle(call) {
    const { body } = call
    const apiKey = newSecret(PREFIX)
    const values = {
      name: body.name,
      newKeyHash: await hashApiKey(apiKey),
      keyStart: apiKey.slice(0, START_CHARACTERS),
      capabilities: JSON.stringify(body.capabilities ?? CAPABILITIES),
      ...scopeValues(body),
    }
    return withSecret(await perform(call, create, values), apiKey)
  },
  answer: (outcome) => ({
    status: 201,
    body: { ...apiKeyBody(outcome.apiKey), api_key: outcome.secret },
    headers: etagOf(outcome.apiKey.updatedAt),
  }),
})
