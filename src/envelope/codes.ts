/**
 * Every code an answer can carry, with its text and HTTP status.
 *
 * The protocol's own codes keep its numbers, texts and statuses. What it does not define is 2000 plus the HTTP
 * status (RFC 9110 section 15). A request that fails validation is 804 with 422: a sender that looks only at
 * the status must never take a refused order for a delivered one.
 */
export interface Code {
  readonly code: number
  readonly status: 200 | 401 | 404 | 405 | 413 | 415 | 422 | 500 | 503
  readonly message: string
}

export const CODES = {
  apiKeyUnknown: { code: 100, status: 401, message: 'Invalid API Key' },
  apiKeyInactive: { code: 101, status: 401, message: 'Inactive API Key' },
  capabilityMissing: {
    code: 102,
    status: 401,
    message: "The used API key doesn't have the required capability to access this endpoint",
  },
  addressNotAllowed: { code: 103, status: 401, message: "API key can't be used from this IP address" },
  licenseKeysAssigned: { code: 803, status: 200, message: 'License keys assigned' },
  incorrectData: { code: 804, status: 422, message: 'Incorrect data found' },
  productNotFound: { code: 805, status: 200, message: 'Product not found' },
  webhookReceived: { code: 2200, status: 200, message: 'Webhook received' },
  signatureInvalid: { code: 2401, status: 401, message: 'Webhook signature invalid' },
  notFound: { code: 2404, status: 404, message: 'Endpoint not found' },
  methodNotAllowed: { code: 2405, status: 405, message: 'Method not allowed' },
  bodyTooLarge: { code: 2413, status: 413, message: 'Request body too large' },
  unsupportedMediaType: {
    code: 2415,
    status: 415,
    message: 'Unsupported content type: send application/x-www-form-urlencoded or application/json',
  },
  idempotencyKeyReused: {
    code: 2422,
    status: 422,
    message: 'This Idempotency-Key was used with other parameters',
  },
  internalError: { code: 2500, status: 500, message: 'Internal error' },
  serviceUnavailable: { code: 2503, status: 503, message: 'Service unavailable, try again later' },
} as const satisfies Record<string, Code>
