/**
 * Generators: how a product's license keys look and on which terms they come. They are read here, and they fill the
 * stock of their product.
 *
 * Guarantees of generating: all license keys are stored, or none; whoever asks again is told the very same ones,
 * also those that were sold, changed or deleted since.
 */
import { API_CALLER, type ApiCaller, type CallerRefusal, callerValues } from '../callers/api-keys.ts'
import { defineOperation, type OperationRequest, type Performed, perform } from '../callers/operation.ts'
import { defineReading, type Read, read } from '../callers/reading.ts'
import { isCollision } from '../issuing/issuance.ts'
import { freshMaterial, KEY_IN_FORMAT, type KeyFormat } from '../issuing/key-formats.ts'

export interface Generator extends KeyFormat {
  readonly id: number
  readonly productId: number
  /** 0: any number of activations. */
  readonly activationLimit: number
  /** 0: the keys do not expire. */
  readonly validityDays: number
  /** 1: active. */
  readonly status: 0 | 1
  /** Milliseconds UTC, as `updatedAt`. */
  readonly createdAt: number
  readonly updatedAt: number
}

/** All generators, by ascending id, but for those of products that were deleted. */
const allGenerators = defineReading<readonly Generator[]>(
  API_CALLER,
  `(select json_group_array(json_object('id', generators.id, 'productId', generators.product_id,
      'method', generators.method, 'prefix', generators.prefix, 'suffix', generators.suffix,
      'charset', generators.charset, 'numberOfChunks', generators.number_of_chunks,
      'chunkLength', generators.chunk_length, 'activationLimit', generators.activation_limit,
      'validityDays', generators.validity_days, 'status', generators.status,
      'createdAt', generators.created_at, 'updatedAt', generators.updated_at) order by generators.id)
    from generators cross join products on products.id = generators.product_id and products.deleted_at is null)`,
)

export type Generation =
  | {
      readonly kind: 'generated'
      readonly productId: number
      readonly licenseKeys: readonly string[]
    }
  | { readonly kind: 'generator-not-found' }

/** The generator that is asked for, if it may be used. */
const USABLE_GENERATOR = `generators.id = :generatorId and generators.status = 1
  and exists (select 1 from products where products.id = generators.product_id and products.deleted_at is null)`

/**
 * The decision comes to hold the license keys themselves: it is what a replay tells, and nothing else would still
 * know one that has been deleted. 10,000 UUIDs are 390 kB of the 2 MB that a row of D1 may hold. They are made after
 * the decision, so that a replay makes none.
 */
const generation = defineOperation<Generation>(
  API_CALLER,
  'generate',
  `(select iif(generators.id is null, json_object('kind', 'generator-not-found'),
      json_object('kind', 'generated', 'productId', generators.product_id))
    from (select 1) as request left join generators on ${USABLE_GENERATOR})`,
  [
    `update operations set outcome = json_set({decision}, '$.licenseKeys', json((
       select json_group_array(${KEY_IN_FORMAT}) from generators cross join json_each(:material) as fresh
       where generators.id = :generatorId)))
     where {mine} and {decided:generated}`,
    `insert into license_keys (product_id, license_key, status, activation_limit, validity_days, created_at, updated_at)
     select generators.product_id, generated.value, 'available', generators.activation_limit,
       generators.validity_days, :now, :now
     from generators cross join json_each({decision}, '$.licenseKeys') as generated
     where generators.id = :generatorId and {decided:generated}`,
  ],
)

/**
 * Fills the stock of a generator's product with fresh license keys on the generator's terms.
 *
 * @param db the primary
 * @param request who asks, and when
 * @param order `quantity`: how many, 1 to `QUANTITY_LIMIT`
 * @throws DatabaseUnavailableError: repeating the call with the same idempotency key is safe
 */
export function generateLicenseKeys(
  db: D1Database,
  request: OperationRequest,
  { generatorId, quantity }: { readonly generatorId: number; readonly quantity: number },
): Promise<Performed<Generation, CallerRefusal>> {
  return perform(
    db,
    generation,
    request,
    () => ({ generatorId, material: freshMaterial(quantity) }),
    isCollision,
  )
}

/** Reads all generators. Parameters as of `generateLicenseKeys`. */
export function readGenerators(
  db: D1Database,
  caller: ApiCaller,
): Promise<Read<readonly Generator[], CallerRefusal>> {
  return read(db, allGenerators, callerValues(caller))
}
