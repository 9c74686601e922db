/** Who may call: an API key, a contract key, a payment provider's signature, or nothing. */
import type { Endpoint } from '../../src/api/endpoint.ts'
import { PROVIDER_NAMES, type ProviderName } from '../../src/payments/provider.ts'

interface Credential {
  readonly scheme: 'apiKey' | 'contractKey'
  readonly field: 'api_key' | 'contract_key'
  readonly title: string
}

/** @returns the key that the endpoint asks for, or undefined where it asks for none */
export function credentialOf({ access }: Endpoint): Credential | undefined {
  switch (access) {
    case 'public':
    case 'monitor':
    case 'provider':
      return undefined
    case 'contract-holder':
      return { scheme: 'contractKey', field: 'contract_key', title: 'The contract key' }
    default:
      return { scheme: 'apiKey', field: 'api_key', title: 'The API key' }
  }
}

/** @returns the alternatives; in a POST the key may also be a field of the body, for which OpenAPI has no scheme */
export function securityOf(endpoint: Endpoint): Record<string, string[]>[] {
  if (endpoint.access === 'provider') return [{ [signatureScheme(endpoint.path)]: [] }]
  const credential = credentialOf(endpoint)
  if (!credential) return []
  const other = endpoint.method === 'GET' ? { [`${credential.scheme}InQuery`]: [] } : {}
  return [{ [credential.scheme]: [] }, other]
}

/** The header in which each provider's signature comes. */
const SIGNATURE_HEADERS: Readonly<Record<ProviderName, string>> = {
  dodo: 'webhook-signature',
  'lemon-squeezy': 'X-Signature',
  paddle: 'Paddle-Signature',
  polar: 'webhook-signature',
  stripe: 'Stripe-Signature',
  standard: 'webhook-signature',
}

function signatureScheme(path: string): string {
  return `signature-${path.replace('/webhooks/', '')}`
}

const KEYS = {
  apiKey: {
    type: 'http',
    scheme: 'bearer',
    description: 'An API key whose capability covers the endpoint. In a POST the field api_key does as well.',
  },
  apiKeyInQuery: { type: 'apiKey', in: 'query', name: 'api_key' },
  contractKey: {
    type: 'http',
    scheme: 'bearer',
    description:
      'The key of a contract, for its holder. The fields contract_key, contract_uuid and api_key do as well.',
  },
  contractKeyInQuery: { type: 'apiKey', in: 'query', name: 'contract_key' },
}

export const SECURITY_SCHEMES: Readonly<Record<string, object>> = {
  ...KEYS,
  ...Object.fromEntries(
    PROVIDER_NAMES.map((name) => [
      signatureScheme(`/webhooks/${name}`),
      {
        type: 'apiKey',
        in: 'header',
        name: SIGNATURE_HEADERS[name],
        description: 'HMAC-SHA-256 of the body.',
      },
    ]),
  ),
}
