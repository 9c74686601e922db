/** Compares signatures with the providers' libraries, or with their documentation if there is none. */
import { Paddle } from '@paddle/paddle-node-sdk'
import Stripe from 'stripe'
import { describe, expect, it } from 'vitest'
import { creem } from '../../src/payments/providers/creem/index.ts'
import { fastspring } from '../../src/payments/providers/fastspring.ts'
import { lemonSqueezy } from '../../src/payments/providers/lemon-squeezy.ts'
import { paddle } from '../../src/payments/providers/paddle/index.ts'
import { stripe } from '../../src/payments/providers/stripe/index.ts'
import { seeded } from '../faults/plan.ts'
import {
  corrupt,
  type Delivery,
  hexOf,
  hmac,
  type Plan,
  received,
  textSecret,
  timedHeader,
  timeOf,
} from './tampering.ts'
import { expectSameVerdicts } from './verdicts.ts'

const TIMEOUT_MS = 120_000

async function hexHmac(secret: string, text: string): Promise<string> {
  return hexOf(await hmac(new TextEncoder().encode(secret), text))
}

async function base64Hmac(secret: string, text: string): Promise<string> {
  return (await hmac(new TextEncoder().encode(secret), text)).toBase64()
}

it(
  `Stripe: agrees with the library, except that it accepts future times ${seeded}`,
  async () => {
    async function sign(plan: Plan, now: number): Promise<Delivery> {
      const time = timeOf(plan, now)
      const hex = await hexHmac(plan.secret, `${time}.${plan.body}`)
      const header = timedHeader(plan, time, hex, ',', { timestamp: 't', signature: 'v1' })
      return { ...received(plan), headers: { 'Stripe-Signature': header } }
    }

    async function oracle({ headers, body, secret }: Delivery, now: number): Promise<boolean> {
      const header = headers['stripe-signature'] ?? ''
      try {
        await Stripe.webhooks.constructEventAsync(body, header, secret, 300, undefined, now * 1000)
        return true
      } catch (error) {
        // Other errors: the signature is valid, but the body is not JSON.
        return !(error instanceof Stripe.errors.StripeSignatureVerificationError)
      }
    }

    await expectSameVerdicts({
      provider: stripe,
      secret: textSecret,
      sign,
      oracle,
      differences: { future: false },
    })
  },
  TIMEOUT_MS,
)

it(
  `Paddle: agrees with the library, except for times and repeated hashes ${seeded}`,
  async () => {
    // The library accepts only 5 s, but also future times, and checks only the last hash.
    const { webhooks } = new Paddle('pdl_sdbx_apikey_none')

    async function sign(plan: Plan, now: number): Promise<Delivery> {
      const time = timeOf(plan, now)
      const hex = await hexHmac(plan.secret, `${time}:${plan.body}`)
      // The library treats an empty hash as missing.
      const junk = plan.junk.replace(/^(?=[=;]|$)/, 'x')
      const header = timedHeader({ ...plan, junk }, time, hex, ';', { timestamp: 'ts', signature: 'h1' })
      return { ...received(plan), headers: { 'Paddle-Signature': header } }
    }

    async function oracle({ headers, body, secret }: Delivery): Promise<boolean> {
      try {
        return await webhooks.isSignatureValid(body, secret, headers['paddle-signature'] ?? '')
      } catch {
        return false
      }
    }

    await expectSameVerdicts({
      provider: paddle,
      secret: textSecret,
      sign,
      oracle,
      differences: { future: false, late: true, 'junk last': true },
    })
  },
  TIMEOUT_MS,
)

describe.each([
  [lemonSqueezy, 'X-Signature', hexHmac, true],
  [creem, 'creem-signature', hexHmac, false],
  [fastspring, 'X-FS-Signature', base64Hmac, true],
] as const)('$name:', (provider, header, digestOf, isCaseSensitive) => {
  it(
    `agrees with its documentation ${seeded}`,
    async () => {
      async function sign(plan: Plan): Promise<Delivery> {
        const { tamper, at, junk } = plan
        const digest = await digestOf(plan.secret, plan.body)
        const texts: Partial<Record<Plan['tamper'], string>> = {
          signature: corrupt(digest, at % 40),
          'junk first': junk + digest,
          'junk last': digest + junk,
          'letter case': digest.toUpperCase(),
          'random header': junk,
        }
        const text = texts[tamper] ?? digest
        return { ...received(plan), headers: tamper === 'no signature' ? {} : { [header]: text } }
      }

      const oracle = async ({ headers, body, secret }: Delivery) => {
        const text = headers[header.toLowerCase()]
        return (isCaseSensitive ? text : text?.toLowerCase()) === (await digestOf(secret, body))
      }

      await expectSameVerdicts({ provider, secret: textSecret, sign, oracle })
    },
    TIMEOUT_MS,
  )
})

it('Stripe: rejects an empty body', async () => {
  // The library rejects it before it checks the signature, which is valid. Keyseal rejects it as invalid JSON.
  const hex = await hexHmac('whsec_x', '1700000000.')
  expect(hex).toMatch(/^[0-9a-f]{64}$/)
  await expect(Stripe.webhooks.constructEventAsync('', `t=1700000000,v1=${hex}`, 'whsec_x')).rejects.toThrow()
  expect(() => stripe.describe(undefined, new Headers())).toThrow()
})
