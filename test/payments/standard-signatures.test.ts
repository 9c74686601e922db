/** Compares signatures with the libraries of Standard Webhooks, Polar and Dodo. */
import { webhooks as polarWebhooks } from '@polar-sh/sdk/2026-10'
import { DodoPayments } from 'dodopayments'
import * as fc from 'fast-check'
import { Webhook, WebhookVerificationError } from 'standardwebhooks'
import { it } from 'vitest'
import { creem } from '../../src/payments/providers/creem/index.ts'
import { dodo } from '../../src/payments/providers/dodo/index.ts'
import { polar } from '../../src/payments/providers/polar/index.ts'
import { standard } from '../../src/payments/providers/standard/index.ts'
import { seeded } from '../faults/plan.ts'
import {
  type Delivery,
  encodedSecret,
  hmac,
  type Plan,
  received,
  standardHeaders,
  textSecret,
  timeOf,
} from './tampering.ts'
import { expectSameVerdicts } from './verdicts.ts'

const TIMEOUT_MS = 120_000

function textKey(secret: string): Uint8Array {
  return new TextEncoder().encode(secret)
}

function decodedKey(secret: string): Uint8Array {
  return Uint8Array.from(atob(secret.replace(/^whsec_/, '')), (character) => character.charCodeAt(0))
}

function signWith(keyOf: (secret: string) => Uint8Array) {
  return async (plan: Plan, now: number): Promise<Delivery> => {
    const time = timeOf(plan, now)
    const digest = await hmac(keyOf(plan.secret), `${plan.id}.${time}.${plan.body}`)
    const headers = standardHeaders(plan, time, btoa(String.fromCharCode(...digest)))
    return { ...received(plan), headers }
  }
}

it.each([standard, creem])(
  `$name: agrees with the library of Standard Webhooks ${seeded}`,
  async (provider) => {
    function oracle({ headers, body, secret }: Delivery): boolean {
      try {
        new Webhook(secret).verify(body, headers, { jsonParse: false })
        return true
      } catch (error) {
        return !(error instanceof WebhookVerificationError)
      }
    }
    await expectSameVerdicts({
      provider,
      secret: encodedSecret,
      sign: signWith(decodedKey),
      oracle,
    })
  },
  TIMEOUT_MS,
)

it(
  `Dodo: agrees with its library ${seeded}`,
  async () => {
    const { webhooks } = new DodoPayments({ bearerToken: 'none' })

    function oracle({ headers, body, secret }: Delivery): boolean {
      try {
        webhooks.unwrap(body, { headers, key: secret })
        return true
      } catch (error) {
        // SyntaxError: the signature is valid, but the body is not JSON.
        return error instanceof SyntaxError
      }
    }
    await expectSameVerdicts({ provider: dodo, secret: encodedSecret, sign: signWith(decodedKey), oracle })
  },
  TIMEOUT_MS,
)

async function polarOracle({ headers, body, secret }: Delivery): Promise<boolean> {
  try {
    await polarWebhooks.validateEvent(body, headers, secret)
    return true
  } catch (error) {
    // Other errors: the signature is valid, but the event is unknown.
    return error instanceof Error && error.name !== 'PolarWebhookVerificationError'
  }
}

it(
  `Polar: agrees with its library for secrets before September 2026 ${seeded}`,
  async () => {
    await expectSameVerdicts({
      provider: polar,
      secret: fc.oneof(
        encodedSecret,
        textSecret,
        textSecret.map((text) => `polar_whs_${text}`),
      ),
      sign: signWith(textKey),
      oracle: polarOracle,
    })
  },
  TIMEOUT_MS,
)

it(
  `Polar: agrees with its library for newer secrets ${seeded}`,
  async () => {
    await expectSameVerdicts({
      provider: polar,
      secret: encodedSecret,
      sign: signWith(decodedKey),
      oracle: polarOracle,
    })
  },
  TIMEOUT_MS,
)
