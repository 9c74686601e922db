/** Everything this server answers, at a glance. */
import type { Endpoint } from './endpoint.ts'
import { jwks, publicKey } from './public-keys.ts'
import { randomAssignLicenseKeys } from './random-assign-license-keys.ts'
import { webhooks } from './webhooks.ts'

export const ENDPOINTS: readonly Endpoint[] = [randomAssignLicenseKeys, publicKey, jwks, ...webhooks]
