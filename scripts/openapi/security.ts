/** Credentials: an API key, a contract key, the signature of a payment provider or of Resend, or none. */
import { CONTRACT_FIELDS } from '../../src/contracts/contract-fields.ts'
import type { Endpoint } from '../../src/http/endpoint.ts'
import { SENDERS, type Sender, senderAt, signatureHeaderOf, verifiedHeaders } from './signature-headers.ts'

interface Credential {
  readonly scheme: 'apiKey' | 'contractKey'
  readonly field: 'api_key' | 'contract_key'
  readonly title: string
}

/** @returns the key that the endpoint requires, or undefined */
export function credentialOf({ caller: { access } }: Endpoint): Credential | undefined {
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

/** Whether the endpoint uses an `Idempotency-Key`. */
export function isRepeatable(endpoint: Endpoint): boolean {
  const { method, isReadOnly, isIdempotent } = endpoint
  return method === 'POST' && credentialOf(endpoint) !== undefined && !isReadOnly && !isIdempotent
}

/** @returns the alternatives. `{}` is a POST with the key in its body, for which OpenAPI has no scheme */
export function securityOf(endpoint: Endpoint): Record<string, string[]>[] {
  if (endpoint.caller.access === 'provider') return [{ [signatureScheme(senderAt(endpoint.path))]: [] }]
  const credential = credentialOf(endpoint)
  if (!credential) return []
  const other = endpoint.method === 'GET' ? { [`${credential.scheme}InQuery`]: [] } : {}
  return [{ [credential.scheme]: [] }, other]
}

/** @returns who may call and with which credential, as CommonMark */
export function callersOf(endpoint: Endpoint): string {
  const {
    method,
    path,
    caller: { access },
  } = endpoint
  switch (access) {
    case 'public':
    case 'monitor':
      return 'Anyone, without a credential.'
    case 'provider': {
      const names = verifiedHeaders(path).map((name) => `\`${name}\``)
      const headers = `header${names.length > 1 ? 's' : ''} ${names.join(', ')}`
      const sender = senderAt(path) === 'resend' ? 'Resend' : 'The payment provider'
      return `${sender}, which signs with the secret of the webhook (${headers}). It needs no other credential.`
    }
    case 'contract-holder':
      return `The holder of a contract with \`${permissionAt(path)}\`: the contract key ${placesOf(method, HOLDER_FIELDS)}.`
    default:
      return `An API key with the capability \`${access}\`: ${placesOf(method, '`api_key`')}.`
  }
}

const HOLDER_FIELDS = '`contract_key` (or `contract_uuid` or `api_key`)'

function placesOf(method: Endpoint['method'], field: string): string {
  const other =
    method === 'GET'
      ? `the parameter ${field} of the query, which may end up in logs`
      : `the field ${field} of the body`
  return `as \`Authorization: Bearer <key>\`, or as ${other}`
}

/** @throws Error if contracts have no permission for the path */
function permissionAt(path: string): string {
  const name = `can_${path.replace(/^.*\//, '').replaceAll('-', '_')}`
  if (!(name in CONTRACT_FIELDS)) throw new Error(`Contracts have no permission for ${path}.`)
  return name
}

function signatureScheme(sender: Sender): string {
  return `signature-${sender}`
}

const KEYS = {
  apiKey: {
    type: 'http',
    scheme: 'bearer',
    description:
      'An API key with the capability of the endpoint. A POST may send it as the field `api_key` instead, and any request ' +
      'in the header `X-API-Key`.',
  },
  apiKeyInQuery: {
    type: 'apiKey',
    in: 'query',
    name: 'api_key',
    description: 'The API key in the query of a GET. Prefer the header, because queries end up in logs.',
  },
  contractKey: {
    type: 'http',
    scheme: 'bearer',
    description:
      'The key of a contract, for its holder. A POST may send it as the field `contract_key`, `contract_uuid` or ' +
      '`api_key` instead.',
  },
  contractKeyInQuery: {
    type: 'apiKey',
    in: 'query',
    name: 'contract_key',
    description: 'The contract key in the query of a GET. Prefer the header, because queries end up in logs.',
  },
}

export const SECURITY_SCHEMES: Readonly<Record<string, object>> = {
  ...KEYS,
  ...Object.fromEntries(
    SENDERS.map((name) => [
      signatureScheme(name),
      { type: 'apiKey', in: 'header', ...signatureHeaderOf(name) },
    ]),
  ),
}
