/**
 * Issues license keys to an owner.
 *
 * Guarantees: an idempotency key issues at most once, whatever arrives twice or at the same time; a caller
 * that is refused changes nothing and is told nothing; the issuance and all of its keys are written, or none.
 * One D1 batch, whatever the quantity and whatever the outcome.
 */
import { and, eq, sql } from 'drizzle-orm'
import { API_CALLER, type ApiCaller, type CallerRefusal, callerValues } from '../callers/api-keys.ts'
import { bind, build, compile, fragment, runBatch } from '../db/batch.ts'
import { apiKeys, issuances, licenseKeys, products } from '../db/schema/index.ts'
import { freshLicenseKeys, type IssueSources, issuanceColumns, licenseKeyColumns } from './issuance.ts'
import { issueOnce } from './issue-once.ts'

/** What is asked for. The ranges are the endpoint's; the database checks them once more. */
export interface IssueOrder {
  readonly productId: number
  readonly quantity: number
  readonly ownerName: string
  readonly ownerEmail: string
  /** 0: the keys do not expire. */
  readonly validityDays: number
  /** 0: any number of activations. */
  readonly activationLimit: number
}

export type IssuedKey = readonly [id: number, licenseKey: string]

export type IssueOutcome =
  | {
      readonly kind: 'issued' | 'replayed'
      /** When it was first issued, in milliseconds UTC. */
      readonly issuedAt: number
      /** By ascending id. */
      readonly keys: readonly IssuedKey[]
    }
  | {
      readonly kind: 'refused'
      readonly reason: CallerRefusal | 'product-not-found' | 'idempotency-key-reused'
    }

const ph = sql.placeholder

const callerSource = fragment<string>(API_CALLER.source)
const isCallersKey = fragment(API_CALLER.isCaller)

const insertIssuance = compile(
  build
    .insert(issuances)
    .select(
      build
        .select(
          issuanceColumns({
            source: callerSource,
            idempotencyKey: sql`${ph('idempotencyKey')}`,
            nonce: sql`${ph('nonce')}`,
            productId: sql`${products.id}`,
            quantity: sql`${ph('quantity')}`,
            ownerName: sql`${ph('ownerName')}`,
            ownerEmail: sql`${ph('ownerEmail')}`,
            validityDays: sql`${ph('validityDays')}`,
            activationLimit: sql`${ph('activationLimit')}`,
            createdAt: sql`${ph('now')}`,
          }),
        )
        .from(apiKeys)
        .innerJoin(products, and(eq(products.id, ph('productId')), eq(products.status, sql`'active'`)))
        .where(fragment(API_CALLER.isAllowed)),
    )
    .onConflictDoNothing(),
)

/** The caller's issuance under this idempotency key, whoever wrote it. */
const isCallersIssuance = and(
  eq(issuances.source, callerSource),
  eq(issuances.idempotencyKey, ph('idempotencyKey')),
)

/** Whether it was issued for the very same order. */
const isSameOrder = sql`(${and(
  eq(issuances.productId, ph('productId')),
  eq(issuances.origin, sql`'fresh'`),
  eq(issuances.quantity, ph('quantity')),
  eq(issuances.ownerName, ph('ownerName')),
  eq(issuances.ownerEmail, ph('ownerEmail')),
  eq(issuances.validityDays, ph('validityDays')),
  eq(issuances.activationLimit, ph('activationLimit')),
)})`

/** Only the request that wrote the issuance knows its nonce. */
const insertLicenseKeys = compile(
  build.insert(licenseKeys).select(
    build
      .select(licenseKeyColumns(sql`fresh.value`))
      .from(apiKeys)
      .innerJoin(issuances, and(isCallersIssuance, eq(issuances.nonce, ph('nonce'))))
      .crossJoin(sql`json_each(${ph('licenseKeys')}) as fresh`)
      .where(isCallersKey),
  ),
)

/**
 * All keys of an issuance as one text, `[[id, license key], ...]`, also those that were deleted since: a row for
 * each would cost D1 and the Worker more than everything else they do for it.
 */
const issuedKeys = sql`(select json_group_array(json_array(id, license_key)) from (
  select id, license_key from license_keys where issuance_id = ${issuances.id}
  union all
  select license_key_id, license_key from license_keys_as_issued as gone where issuance_id = ${issuances.id}
    and not exists (select 1 from license_keys where id = gone.license_key_id and issuance_id = gone.issuance_id)))`

/** One row, whatever happened; the keys only for the very same order. */
const selectOutcome = compile(
  build
    .select({
      refusal: fragment<CallerRefusal | null>(API_CALLER.refusal).as('refusal'),
      [API_CALLER.idName]: sql<number | null>`${apiKeys.id}`.as(API_CALLER.idName),
      nonce: sql<string | null>`${issuances.nonce}`.as('nonce'),
      issuedAt: sql<number | null>`${issuances.createdAt}`.as('issuedAt'),
      keys: sql<string | null>`case when ${isSameOrder} then ${issuedKeys} end`.as('keys'),
    })
    .from(sql`(select 1) as request`)
    .leftJoin(apiKeys, isCallersKey)
    .leftJoin(issuances, isCallersIssuance),
)

/**
 * Issues the keys of one order, or finds what was issued for it before.
 *
 * @param db the database; the product's primary
 * @param caller who asks
 * @param order what is asked for
 * @param idempotencyKey 1 to 255 visible ASCII characters, the caller's own; undefined: the order is new
 * @param sources time and randomness
 * @throws DatabaseUnavailableError: repeating the call with the same idempotency key is safe
 */
export async function issueLicenseKeys(
  db: D1Database,
  caller: ApiCaller,
  order: IssueOrder,
  idempotencyKey: string | undefined,
  sources: IssueSources,
): Promise<IssueOutcome> {
  const key = idempotencyKey ?? crypto.randomUUID()
  const orderValues = { ...callerValues(caller), ...order, idempotencyKey: key, now: sources.now }

  const outcome = await issueOnce(async (nonce) => {
    const values = { ...orderValues, nonce }
    const freshKeys = JSON.stringify(freshLicenseKeys(order.quantity, sources))
    const [, , [row]] = await runBatch(db, [
      bind(insertIssuance, values),
      bind(insertLicenseKeys, { ...values, licenseKeys: freshKeys }),
      bind(selectOutcome, values),
    ])
    return row
  })

  // An allowed caller with an active product would have an issuance by now.
  if (outcome.kind === 'not-issued') return { kind: 'refused', reason: 'product-not-found' }
  if (outcome.kind === 'refused') return outcome
  return {
    ...outcome,
    // SQLite gathers them in the order in which it finds them, which it does not promise.
    keys: (JSON.parse(outcome.keys) as IssuedKey[]).sort(([one], [other]) => one - other),
  }
}
