/** Compares signatures of the body in base64 with node:crypto, which the providers' documents use. */
import { createHmac } from 'node:crypto'
import { expect, it } from 'vitest'
import { shopify } from '../../src/payments/providers/shopify.ts'
import { woocommerce } from '../../src/payments/providers/woocommerce/index.ts'
import { seeded } from '../faults/plan.ts'
import { corrupt, type Delivery, type Plan, received, textSecret } from './tampering.ts'
import { expectSameVerdicts } from './verdicts.ts'

const TIMEOUT_MS = 120_000

function base64Hmac(key: string, text: string): string {
  return createHmac('sha256', key).update(text, 'utf8').digest('base64')
}

/** PHP's `wp_specialchars_decode` changes nothing else in the secrets of this test. */
function decoded(secret: string): string {
  return secret.replaceAll('&amp;', '&')
}

it.each([
  { provider: shopify, header: 'x-shopify-hmac-sha256', keyOf: (secret: string) => secret },
  { provider: shopify, header: 'shopify-hmac-sha256', keyOf: (secret: string) => secret },
  { provider: woocommerce, header: 'x-wc-webhook-signature', keyOf: decoded },
])(
  `$provider.name: agrees with node:crypto about $header ${seeded}`,
  async ({ provider, header, keyOf }) => {
    async function sign(plan: Plan): Promise<Delivery> {
      const { tamper, at, junk } = plan
      const base64 = base64Hmac(keyOf(plan.secret), plan.body)
      const texts: Partial<Record<Plan['tamper'], string>> = {
        signature: corrupt(base64, at),
        'junk first': junk + base64,
        'junk last': base64 + junk,
        'letter case': base64.toLowerCase(),
        'random header': junk,
      }
      const text = texts[tamper] ?? base64
      return { ...received(plan), headers: tamper === 'no signature' ? {} : { [header]: text } }
    }

    const oracle = ({ headers, body, secret }: Delivery) =>
      headers[header] === base64Hmac(keyOf(secret), body)

    const secret = textSecret.map((text) => (text.length % 3 === 0 ? `${text}&amp;` : text))
    await expectSameVerdicts({ provider, secret, sign, oracle })
  },
  TIMEOUT_MS,
)

it('a signature with the entities of a WooCommerce secret is not accepted', async () => {
  const { keys } = woocommerce.signatures
  expect(keys('a&amp;b')).toEqual([new TextEncoder().encode('a&b')])
  expect(keys('a&amp;b')).not.toEqual(shopify.signatures.keys('a&amp;b'))
})
