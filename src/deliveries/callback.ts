/**
 * The callback that tells of a queued order, in the form in which the protocol's servers send it: the envelope of the
 * answer that the order would have got, inside of what they make of an answer.
 *
 * It tells at least once: where the receiver's answer was lost, the same keys come again under the same `webhook-id`.
 * Nothing else can be done about keys that must not be lost; a receiver that would take them twice looks at that.
 */
import type { Settings } from '../env.ts'
import { SIGNING_KEY_ID } from '../http/headers.ts'
import { OBSTACLE_CODES } from '../issuing/obstacle-codes.ts'
import { readChunk } from '../issuing/queued-keys.ts'
import { deliveryTarget } from '../platform/target.ts'
import { CODES } from '../protocol/codes.ts'
import { unixSeconds } from '../protocol/dates.ts'
import { serialiseResponse } from '../protocol/envelope.ts'
import { issuedKeyObjects } from '../protocol/license-key-object.ts'
import { type LongEnvelope, type LongResponse, sealLong } from '../protocol/long-envelope.ts'
import { signingKeyFor } from '../signing/signing-keys.ts'
import type { CallbackConsignment } from './consignment.ts'
import { post } from './post.ts'
import { deliveryName, type Sent } from './sent.ts'

/** Longer than a webhook's: it may bring 80 MB, and is told when all of them were taken in. */
export const CALLBACK_TIMEOUT_MS = 120_000

/** Its base64 is a third longer, and has to be held whole: half of the 128 MB of an isolate. */
export const RESPONSE_BYTES_MAX = 48_000_000

/** @returns how many bytes a key takes in the response, at about */
export function keyBytes(ownerName: string, ownerEmail: string): number {
  const [object] = issuedKeyObjects({ productId: 1, ownerName, ownerEmail }, 0, [
    [1e9, crypto.randomUUID(), 1e6, 36_500, 0],
  ])
  return new TextEncoder().encode(`${JSON.stringify(object)},`).byteLength
}

const BEFORE_ENVELOPE = '{"headers":{},"original":'
const AFTER_ENVELOPE = ',"exception":null}'

/** @throws DatabaseUnavailableError: nothing was sent */
export async function sendCallback(
  settings: Settings,
  consignment: CallbackConsignment,
  timeoutMs: number,
  responseBytesMax: number = RESPONSE_BYTES_MAX,
): Promise<Sent> {
  const target = deliveryTarget(consignment.webhookUrl, settings.deliveries.isLocalDevelopment)
  if (!target) return { kind: 'undeliverable', result: 'target not allowed' }
  // The protocol signs by the product what tells keys, and by the server what refuses them.
  const productId = consignment.refusal === null ? consignment.productId : undefined
  const signingKey = await signingKeyFor(settings.signingSecrets, productId)
  const envelope = await sealLong(responseTo(settings.db, consignment), signingKey, responseBytesMax)
  if (envelope.kind === 'too-long') {
    return { kind: 'undeliverable', result: `response longer than ${responseBytesMax} bytes` }
  }
  const headers = { 'webhook-id': deliveryName(consignment), [SIGNING_KEY_ID]: signingKey.keyId }
  return post(target, bodyOf(envelope), headers, timeoutMs)
}

/** Of a known length, since not every receiver takes a body that does not say how long it is. */
function bodyOf(envelope: LongEnvelope): ReadableStream {
  const pieces = piecesOf(envelope)
  const stream = new ReadableStream<Uint8Array>({
    pull(controller) {
      const { done, value } = pieces.next()
      if (done) controller.close()
      else controller.enqueue(value)
    },
  })
  // Both texts are ASCII.
  const byteLength = BEFORE_ENVELOPE.length + envelope.byteLength + AFTER_ENVELOPE.length
  return stream.pipeThrough(new FixedLengthStream(byteLength))
}

function* piecesOf(envelope: LongEnvelope): Generator<Uint8Array, undefined> {
  const encoder = new TextEncoder()
  yield encoder.encode(BEFORE_ENVELOPE)
  yield* envelope.pieces()
  yield encoder.encode(AFTER_ENVELOPE)
}

/** The same characters in each attempt, whatever has become of the keys since. */
function responseTo(db: D1Database, consignment: CallbackConsignment): LongResponse {
  const { refusal, availableQuantity, identifier, createdAt, chunks } = consignment
  const timestamp = unixSeconds(createdAt)
  if (refusal === null) {
    const empty = serialiseResponse(CODES.licenseKeysAssigned, { license_keys: [], identifier }, timestamp)
    return { pieces: withKeys(db, consignment, empty), piecesCount: chunks }
  }
  const fields = { ...(availableQuantity !== null && { available_quantity: availableQuantity }), identifier }
  return { pieces: only(serialiseResponse(OBSTACLE_CODES[refusal], fields, timestamp)), piecesCount: 1 }
}

async function* only(text: string): AsyncIterable<string> {
  yield text
}

/** @param empty the response without its keys: the first list in it is theirs */
async function* withKeys(
  db: D1Database,
  { orderId, chunks, ...to }: CallbackConsignment,
  empty: string,
): AsyncIterable<string> {
  const place = empty.indexOf('[]') + 1
  for (let chunk = 0; chunk < chunks; chunk++) {
    const { issuedAt, keys } = await readChunk(db, orderId, chunk)
    const objects = JSON.stringify(issuedKeyObjects(to, issuedAt, keys)).slice(1, -1)
    yield (chunk === 0 ? empty.slice(0, place) : ',') +
      objects +
      (chunk === chunks - 1 ? empty.slice(place) : '')
  }
}
