/**
 * The callback with the result of a queued order, in the protocol's format: a wrapper around the envelope
 * that a synchronous request would have returned.
 *
 * Delivery is at least once. If the response is lost, the keys are sent again with the same `webhook-id`.
 */
import { SIGNING_KEY_ID } from '../http/headers.ts'
import { RESPONSE_BYTES_MAX, readChunk } from '../issuing/queued-chunks.ts'
import { OBSTACLE_CODES } from '../issuing/stock.ts'
import type { Bindings } from '../platform/settings.ts'
import { callbackTarget } from '../platform/target.ts'
import { CODES } from '../protocol/codes.ts'
import { unixSeconds } from '../protocol/dates.ts'
import { serializeResponse } from '../protocol/envelope.ts'
import { licenseKeyObjects } from '../protocol/license-key-object.ts'
import { type LongEnvelope, type LongResponse, sealLong } from '../protocol/long-envelope.ts'
import { signingKeyFor, signingSecrets } from '../signing/signing-keys.ts'
import { type CallbackContents, deliveryName } from './contents.ts'
import { post, type SendResult } from './post.ts'

/** Longer than for a webhook: the receiver may have to store 80 MB before it responds. It delays only callbacks. */
export const CALLBACK_TIMEOUT_MS = 120_000

const BEFORE_ENVELOPE = '{"headers":{},"original":'
const AFTER_ENVELOPE = ',"exception":null}'

/** @throws DatabaseUnavailableError: nothing was sent */
export async function sendCallback(
  env: Bindings,
  contents: CallbackContents,
  timeoutMs: number,
  responseBytesMax: number = RESPONSE_BYTES_MAX,
): Promise<SendResult> {
  const target = callbackTarget(contents.webhookUrl, env)
  if (!target) return { kind: 'undeliverable', result: 'target not allowed' }
  // As the protocol specifies: the product's key signs issued keys, and the global key signs refusals.
  const productId = contents.refusal === null ? contents.productId : undefined
  const signingKey = await signingKeyFor(signingSecrets(env), productId)
  const envelope = await sealLong(responseTo(env.DB, contents), signingKey, responseBytesMax)
  if (envelope.kind === 'too-long') {
    return { kind: 'undeliverable', result: `response longer than ${responseBytesMax} bytes` }
  }
  const headers = { 'webhook-id': deliveryName(contents), [SIGNING_KEY_ID]: signingKey.keyId }
  return post(target, bodyOf(envelope), headers, timeoutMs)
}

/** A stream of known length, because some receivers reject a body without Content-Length. */
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

/** Each attempt sends the same text, even if the keys have changed. */
function responseTo(db: D1Database, contents: CallbackContents): LongResponse {
  const { refusal, availableQuantity, identifier, createdAt, chunks } = contents
  const timestamp = unixSeconds(createdAt)
  if (refusal === null) {
    const empty = serializeResponse(CODES.licenseKeysAssigned, { license_keys: [], identifier }, timestamp)
    return { pieces: withKeys(db, contents, empty), piecesCount: chunks }
  }
  const fields = { ...(availableQuantity !== null && { available_quantity: availableQuantity }), identifier }
  return {
    pieces: singlePiece(serializeResponse(OBSTACLE_CODES[refusal], fields, timestamp)),
    piecesCount: 1,
  }
}

async function* singlePiece(text: string): AsyncIterable<string> {
  yield text
}

/** @param empty the response without keys. Its first list is the list of keys */
async function* withKeys(
  db: D1Database,
  { orderId, chunks, ...order }: CallbackContents,
  empty: string,
): AsyncIterable<string> {
  const insertAt = empty.indexOf('[]') + 1
  for (let chunk = 0; chunk < chunks; chunk++) {
    const { issuedAt, keys } = await readChunk(db, orderId, chunk)
    const objects = JSON.stringify(licenseKeyObjects(order, issuedAt, keys)).slice(1, -1)
    yield (chunk === 0 ? empty.slice(0, insertAt) : ',') +
      objects +
      (chunk === chunks - 1 ? empty.slice(insertAt) : '')
  }
}
