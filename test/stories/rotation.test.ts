/**
 * The key rotation of docs/signing-keys.md: a new key is published, replaces the old one, and the old one is
 * retired and removed. In each step the published keys verify every response.
 */
import { env } from 'cloudflare:workers'
import type { JSONWebKeySet } from 'jose'
import { expect, it } from 'vitest'
import { type ApiResponse, post } from '../support/client.ts'
import { isSignedByJwk, isVerifiedBy, jwksOf, keyIds, pemOf } from '../support/jwks.ts'
import { type Kind, newKeyPair } from '../support/key-pairs.ts'
import { openShop, orderFields } from '../support/shop.ts'

const shop = await openShop()
let orders = 0

interface Step {
  readonly answer: ApiResponse
  readonly set: JSONWebKeySet
}

/** Issues an order with these settings and fetches the published keys. */
async function step(settings: object): Promise<Step & { readonly order: Record<string, string> }> {
  const order = { 'Idempotency-Key': `order-${++orders}` }
  const answer = await post(orderFields(shop), { bindings: settings, headers: order })
  expect(answer.response.code).toBe(803)
  return { answer, set: await jwksOf(settings), order }
}

function keyIdOf({ headers }: ApiResponse): string | null {
  return headers.get('X-Signing-Key-Id')
}

/** Expects that each response verifies only with the key that signed it. */
async function expectOneKeyEach(steps: readonly Step[], keysCount: number): Promise<void> {
  const all = new Map(steps.flatMap(({ set }) => set.keys.map((jwk) => [jwk.kid, jwk] as const)))
  expect(all.size).toBe(keysCount)
  for (const { answer } of steps) {
    for (const jwk of all.values()) {
      expect(await isSignedByJwk(jwk, answer)).toBe(jwk.kid === keyIdOf(answer))
    }
  }
}

/** The setting of the key that signs: the global one, or the one of the product. */
const SETTINGS = {
  global: 'SIGNING_PRIVATE_KEY',
  product: `SIGNING_PRIVATE_KEY_PRODUCT_${shop.productId}`,
} as const

const CASES: [from: Kind, to: Kind, scope: keyof typeof SETTINGS][] = [
  ['RSA', 'RSA', 'global'],
  ['RSA', 'Ed25519', 'global'],
  ['Ed25519', 'RSA', 'product'],
]

it.each(CASES)(
  'rotation from %s to %s (%s): each response verifies with the keys published then',
  async (from, to, scope) => {
    const name = SETTINGS[scope]
    const query = scope === 'product' ? `?product_id=${shop.productId}&` : '?'
    const [first, second] = [await newKeyPair(from), await newKeyPair(to)]
    const otherIds = scope === 'product' ? keyIds(await jwksOf(env)) : []
    const rotatedIds = (set: JSONWebKeySet) => keyIds(set).filter((id) => !otherIds.includes(String(id)))

    // One key.
    const before = await step({ [name]: first.privateKey })
    const oldId = keyIdOf(before.answer)
    expect(rotatedIds(before.set)).toEqual([oldId])

    // The next key is published and signs nothing.
    const publishing = { [name]: first.privateKey, [`${name}_NEXT`]: second.privateKey }
    const published = await step(publishing)
    expect(keyIdOf(published.answer)).toBe(oldId)
    const [, newId] = rotatedIds(published.set)
    expect(rotatedIds(published.set)).toEqual([oldId, newId])
    expect(await pemOf(`${query}key=current`, publishing)).toBe(first.publicKey)
    expect(await pemOf(`${query}key=next`, publishing)).toBe(second.publicKey)

    // The old key is configured as retired while it still signs, so that it stays published.
    const retired = { SIGNING_PUBLIC_KEYS_RETIRED: await pemOf(query, publishing) }
    const overlapping = await step({ ...publishing, ...retired })
    expect(rotatedIds(overlapping.set)).toEqual([oldId, newId])

    // The switch changes one secret after the other.
    const afterSwitch = await step({ ...publishing, ...retired, [name]: second.privateKey })
    const settled = await step({ ...retired, [name]: second.privateKey })
    for (const { answer, set } of [afterSwitch, settled]) {
      expect(keyIdOf(answer)).toBe(newId)
      expect(answer.envelope.private_key_used).toBe(scope)
      expect(rotatedIds(set).sort()).toEqual([oldId, newId].sort())
      // Keys that were fetched before the switch still verify.
      expect(await isVerifiedBy(published.set, answer)).toBe(true)
    }

    // A replay of the first order: the same response, signed by the new key.
    const headers = before.order
    const replay = await post(orderFields(shop), {
      bindings: { ...retired, [name]: second.privateKey },
      headers,
    })
    expect(replay.headers.get('Idempotent-Replayed')).toBe('true')
    expect(replay.envelope.response_base64).toBe(before.answer.envelope.response_base64)
    expect(keyIdOf(replay)).toBe(newId)
    expect(await isVerifiedBy(settled.set, replay)).toBe(true)

    const steps = [before, published, overlapping, afterSwitch, settled, { answer: replay, set: settled.set }]
    for (const { answer, set } of steps) expect(await isVerifiedBy(set, answer)).toBe(true)
    // Signatures of the old key verify with the current set while the old key is retired.
    for (const { answer } of steps) expect(await isVerifiedBy(settled.set, answer)).toBe(true)
    await expectOneKeyEach(steps, 2 + otherIds.length)

    // After the removal, signatures of the old key do not verify.
    const after = await step({ [name]: second.privateKey })
    expect(rotatedIds(after.set)).toEqual([newId])
    expect(await isVerifiedBy(after.set, after.answer)).toBe(true)
    expect(await isVerifiedBy(after.set, before.answer)).toBe(false)
  },
)
