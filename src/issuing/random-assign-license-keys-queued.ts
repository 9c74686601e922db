/**
 * `POST /api/v1/random-assign-license-keys-queued`: queues an order for many license keys, in one D1 batch.
 * The queue consumer issues the keys, and a callback to `webhook_url` reports them.
 *
 * Guarantees: an idempotency key creates at most one order, even when requests are repeated or race. Without one,
 * an order with an identifier is recognized if a client repeats it after a timeout (repetitions.ts).
 */
import * as z from 'zod/mini'
import { apiKey, PRODUCT_AUTHORITY } from '../callers/api-keys.ts'
import { done, type Result, refused } from '../callers/caller.ts'
import { bind, compileText, runBatch, type Statement } from '../db/batch.ts'
import { withNonces } from '../db/retries.ts'
import type { Obstacle } from '../db/schema/index.ts'
import { type AnswerContents, type Call, endpoint } from '../http/endpoint.ts'
import { isLocalDevelopment, type Settings } from '../platform/settings.ts'
import { callbackTarget } from '../platform/target.ts'
import { CODES } from '../protocol/codes.ts'
import { optional, plainText } from '../protocol/fields.ts'
import { NOT_SET } from '../protocol/owner.ts'
import { enqueue, requireQueues } from '../queue/enqueue.ts'
import { isSameOwner } from './erased-owner.ts'
import { type Order, orderFields, requiredUnlessGenerate, toOrder } from './order.ts'
import { keyBytes, RESPONSE_BYTES_MAX } from './queued-chunks.ts'
import { fingerprintOf, KEY_OF_ATTEMPT, recordAttempt } from './repetitions.ts'
import { countInStock, OBSTACLE_CODES, obstacleTo } from './stock.ts'

/** The most license keys of one order. An isolate must have the memory to build its callback. */
export const QUEUED_QUANTITY_LIMIT = 100_000

const URL_CHARACTERS_MAX = 2048

type Queued =
  | { readonly kind: 'queued' }
  | {
      readonly kind: Obstacle
      /** The number of keys in stock, at most the quantity. */
      readonly availableQuantity: number
    }

interface OutcomeRow {
  readonly refusal: string | null
  readonly callerId: number | null
  readonly id: number | null
  readonly nonce: string | null
  readonly queuedAt: number
  readonly isSame: 0 | 1
  readonly obstacle: Obstacle | null
  readonly availableQuantity: number | null
}

const OBSTACLE = obstacleTo(':origin', ':productId', ':quantity')

interface QueueStatements {
  readonly insertOrder: Statement<never>
  /** Always returns one row. It has an obstacle only if the caller is allowed and has no such order. */
  readonly selectOutcome: Statement<OutcomeRow>
}

/** @param idempotencyKey SQL for the idempotency key */
function statementsFor(idempotencyKey: string): QueueStatements {
  return {
    insertOrder: compileText(`
      insert into queued_orders (source, idempotency_key, nonce, product_id, quantity, owner_name, owner_email, origin,
        requested_validity_days, requested_activation_limit, identifier, webhook_url, status, due_at, created_at,
        updated_at)
      select ${PRODUCT_AUTHORITY.source}, ${idempotencyKey}, :nonce, :productId, :quantity, :ownerName, :ownerEmail,
        :origin, :validityDays, :activationLimit, :identifier, :webhookUrl, 'issuing', :now, :now, :now
      from api_keys where ${PRODUCT_AUTHORITY.isAllowed} and ${OBSTACLE} is null
      on conflict do nothing`),
    selectOutcome: compileText<OutcomeRow>(`
      select outcome.*, case when isOpen then ${OBSTACLE} end as obstacle,
        case when isOpen and :origin = 'stock' then ${countInStock(':productId', ':quantity')} end as availableQuantity
      from (
        select ${PRODUCT_AUTHORITY.refusal} as refusal, api_keys.id as callerId, queued_orders.id as id,
          queued_orders.nonce as nonce, queued_orders.created_at as queuedAt,
          queued_orders.product_id = :productId and queued_orders.quantity = :quantity
            and ${isSameOwner('queued_orders')}
            and queued_orders.origin = :origin and queued_orders.requested_validity_days is :validityDays
            and queued_orders.requested_activation_limit is :activationLimit
            and queued_orders.identifier is :identifier and queued_orders.webhook_url = :webhookUrl as isSame,
          queued_orders.id is null and ${PRODUCT_AUTHORITY.refusal} is null as isOpen
        from (select 1) as request left join api_keys on ${PRODUCT_AUTHORITY.isCaller}
        left join queued_orders on queued_orders.source = ${PRODUCT_AUTHORITY.source}
          and queued_orders.idempotency_key = ${idempotencyKey}) as outcome`),
  }
}

const STATEMENTS = statementsFor(':idempotencyKey')
const REPEATABLE = statementsFor(KEY_OF_ATTEMPT)

function orderRules(settings: Settings) {
  const fields = {
    ...orderFields(QUEUED_QUANTITY_LIMIT),
    identifier: optional(plainText('identifier', 255)),
    webhook_url: webhookUrl(settings),
  }
  return requiredUnlessGenerate(z.object(fields), ['validity', 'activation_limit']).check(
    z.refine(
      ({ quantity, owner_name = NOT_SET, owner_email = NOT_SET }) =>
        quantity * keyBytes(owner_name, owner_email) <= RESPONSE_BYTES_MAX,
      {
        path: ['quantity'],
        error: 'The quantity field is too large for an owner_name and owner_email of this length.',
      },
    ),
  )
}

/** The target is checked again when the callback is sent. */
function webhookUrl(settings: Settings) {
  const rule = isLocalDevelopment(settings)
    ? 'an http or https address'
    : 'an https address of a public host, without a user name and password. The operator of this server can allow http ' +
      'and private hosts by name, with the setting WEBHOOK_HTTP_HOSTS'
  // URL parsers drop line breaks and tabs, so the parsed address would differ from the given one.
  const isAllowed = (url: string) => !/\s/.test(url) && callbackTarget(url, settings) !== undefined
  return z.pipe(
    plainText('webhook_url', URL_CHARACTERS_MAX),
    z.string().check(z.refine(isAllowed, { error: `The webhook_url field must be ${rule}.` })),
  )
}

type OrderParameters = z.output<ReturnType<typeof orderRules>>

export const randomAssignLicenseKeysQueued = endpoint({
  path: '/api/v1/random-assign-license-keys-queued',
  summary: 'Queue an order for license keys',
  caller: apiKey('assign'),
  parameters: orderRules,
  outcomes: { queued: CODES.requestQueued, ...OBSTACLE_CODES },
  handle: (call) => queueOrder(call, toOrder(call.parameters)),
  answer: (outcome): AnswerContents =>
    outcome.kind === 'stock-insufficient'
      ? { fields: { available_quantity: outcome.availableQuantity } }
      : {},
})

async function queueOrder(
  { env, db, caller, idempotencyKey, parameters, now }: Call<OrderParameters>,
  order: Order,
): Promise<Result<Queued>> {
  requireQueues(env, 'queued-order', 'callback')
  const ordered = {
    ...order,
    identifier: parameters.identifier ?? null,
    webhookUrl: parameters.webhook_url,
  }
  const isRepeatable = idempotencyKey === undefined && ordered.identifier !== null
  const { insertOrder, selectOutcome } = isRepeatable ? REPEATABLE : STATEMENTS
  const values = {
    ...caller,
    ...ordered,
    fingerprint: isRepeatable ? await fingerprintOf(caller, ordered) : null,
    idempotencyKey: idempotencyKey ?? crypto.randomUUID(),
    now,
  }
  const { result, isOwn } = await withNonces((nonce) => {
    const bound = { ...values, nonce }
    const first = isRepeatable ? [bind(recordAttempt, bound)] : []
    return runBatch(db, [...first, bind(insertOrder, bound), bind(selectOutcome, bound)])
  })
  const [row] = result.at(-1) as OutcomeRow[]
  if (!row) throw new Error('Expected exactly one result row.')
  const { refusal, callerId, id, nonce, obstacle, availableQuantity, queuedAt } = row
  if (refusal !== null) return refused(refusal, callerId)
  if (obstacle !== null) {
    return done({ kind: obstacle, availableQuantity: availableQuantity ?? 0 }, now, callerId)
  }
  if (id === null || nonce === null) throw new Error('No order was queued, and no obstacle was found.')
  if (!row.isSame) return refused('idempotency-key-reused', callerId)
  // Replays enqueue too, because the first request may have failed before it did.
  await enqueue(env, [{ kind: 'queued-order', id }])
  return done({ kind: 'queued' }, queuedAt, callerId, !isOwn(nonce))
}
