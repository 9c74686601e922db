/**
 * The drill of docs/signing-keys.md: a key is published, takes over, its predecessor is retired and forgotten. At no
 * step is there an answer that the keys published at that moment do not verify.
 */
import { env } from 'cloudflare:workers'
import type { JSONWebKeySet } from 'jose'
import { expect, it } from 'vitest'
import { type Opened, post } from '../support/client.ts'
import { isMadeBy, isVerifiedBy, jwksOf, keyIds, pemOf } from '../support/jwks.ts'
import { type Kind, newKeyPair } from '../support/key-pairs.ts'
import { openShop, orderFields } from '../support/shop.ts'

const shop = await openShop()
let orders = 0

interface Step {
  readonly answer: Opened
  readonly set: JSONWebKeySet
}

/** An order is issued with these settings, and the keys are fetched that are published with them. */
async function step(settings: object): Promise<Step & { readonly order: Record<string, string> }> {
  const order = { 'Idempotency-Key': `order-${++orders}` }
  const answer = await post(orderFields(shop), { bindings: settings, headers: order })
  expect(answer.response.code).toBe(803)
  return { answer, set: await jwksOf(settings), order }
}

function keyIdOf({ headers }: Opened): string | null {
  return headers.get('X-Signing-Key-Id')
}

/** Each answer by its own key and by no other. */
async function expectNoWrongKey(steps: readonly Step[], keysCount: number): Promise<void> {
  const all = new Map(steps.flatMap(({ set }) => set.keys.map((jwk) => [jwk.kid, jwk] as const)))
  expect(all.size).toBe(keysCount)
  for (const { answer } of steps) {
    for (const jwk of all.values()) {
      expect(await isMadeBy(jwk, answer)).toBe(jwk.kid === keyIdOf(answer))
    }
  }
}

/** Who signs: the server, or the product with a key of its own. */
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
  'from %s to %s (%s): every answer verifies by the keys of its time',
  async (from, to, scope) => {
    const name = SETTINGS[scope]
    const query = scope === 'product' ? `?product_id=${shop.productId}&` : '?'
    const [first, second] = [await newKeyPair(from), await newKeyPair(to)]
    const standing = scope === 'product' ? keyIds(await jwksOf(env)) : []
    const idsBeside = (set: JSONWebKeySet) => keyIds(set).filter((id) => !standing.includes(String(id)))

    // Before: one key.
    const before = await step({ [name]: first.privateKey })
    const oldId = keyIdOf(before.answer)
    expect(idsBeside(before.set)).toEqual([oldId])

    // The next one is published, and signs nothing.
    const publishing = { [name]: first.privateKey, [`${name}_NEXT`]: second.privateKey }
    const published = await step(publishing)
    expect(keyIdOf(published.answer)).toBe(oldId)
    const [, newId] = idsBeside(published.set)
    expect(idsBeside(published.set)).toEqual([oldId, newId])
    expect(await pemOf(`${query}key=current`, publishing)).toBe(first.publicKey)
    expect(await pemOf(`${query}key=next`, publishing)).toBe(second.publicKey)

    // The old one is called retired while it still signs, so that it is never gone.
    const retired = { SIGNING_PUBLIC_KEYS_RETIRED: await pemOf(query, publishing) }
    const overlapping = await step({ ...publishing, ...retired })
    expect(idsBeside(overlapping.set)).toEqual([oldId, newId])

    // The switch: first the one secret, then the other.
    const switched = await step({ ...publishing, ...retired, [name]: second.privateKey })
    const settled = await step({ ...retired, [name]: second.privateKey })
    for (const { answer, set } of [switched, settled]) {
      expect(keyIdOf(answer)).toBe(newId)
      expect(answer.envelope.private_key_used).toBe(scope)
      expect(idsBeside(set).sort()).toEqual([oldId, newId].sort())
      // Who fetched the keys before the switch needs no others.
      expect(await isVerifiedBy(published.set, answer)).toBe(true)
    }

    // An order of before, repeated: the same response, signed anew.
    const headers = before.order
    const replay = await post(orderFields(shop), {
      bindings: { ...retired, [name]: second.privateKey },
      headers,
    })
    expect(replay.headers.get('Idempotent-Replayed')).toBe('true')
    expect(replay.envelope.response_base64).toBe(before.answer.envelope.response_base64)
    expect(keyIdOf(replay)).toBe(newId)
    expect(await isVerifiedBy(settled.set, replay)).toBe(true)

    const steps = [before, published, overlapping, switched, settled, { answer: replay, set: settled.set }]
    for (const { answer, set } of steps) expect(await isVerifiedBy(set, answer)).toBe(true)
    // What the old key signed verifies by today's keys too, as long as it is retired and not forgotten.
    for (const { answer } of steps) expect(await isVerifiedBy(settled.set, answer)).toBe(true)
    await expectNoWrongKey(steps, 2 + standing.length)

    // Forgotten: what the old key signed verifies no more.
    const after = await step({ [name]: second.privateKey })
    expect(idsBeside(after.set)).toEqual([newId])
    expect(await isVerifiedBy(after.set, after.answer)).toBe(true)
    expect(await isVerifiedBy(after.set, before.answer)).toBe(false)
  },
)
