/**
 * Lists a product's license keys, and counts those in stock.
 *
 * The stock has an index; whoever asks for other keys has the table read in the order of ids until the page is full,
 * since an index over all keys would be paid for at each key that is issued.
 */
import { API_CALLER, type ApiCaller, type CallerRefusal, callerValues } from '../callers/api-keys.ts'
import { defineReading, type Read, read } from '../callers/reading.ts'
import { withMilliseconds, withoutMilliseconds } from '../protocol/dates.ts'
import type { LicenseKeyStatus } from '../protocol/license-key-status.ts'

/** Which keys. */
export interface LicenseKeyFilter {
  readonly productId: number
  /** Left out: any. */
  readonly status?: LicenseKeyStatus | undefined
  /** Exactly this one; left out: any, or none. */
  readonly ownerName?: string | undefined
  readonly ownerEmail?: string | undefined
}

/** Which of them. */
export interface Page {
  /** From 1. */
  readonly page: number
  readonly itemsPerPage: number
}

/** Instants are milliseconds UTC. */
export type ListedKey = readonly [
  id: number,
  productId: number,
  licenseKey: string,
  ownerName: string | null,
  ownerEmail: string | null,
  activationLimit: number,
  validityDays: number,
  assignedAt: number | null,
  status: LicenseKeyStatus,
  createdAt: number,
  updatedAt: number,
]

const COLUMNS = `id, product_id, license_key, owner_name, owner_email, activation_limit, validity_days, assigned_at,
  status, created_at, updated_at`

function list(hasStatus: string) {
  return defineReading<ListedKey[]>(
    API_CALLER,
    `(select json_group_array(json_array(${COLUMNS})) from (
      select ${COLUMNS} from license_keys where product_id = :productId and ${hasStatus}
        and (:ownerName is null or owner_name = :ownerName)
        and (:ownerEmail is null or owner_email = :ownerEmail)
      order by id limit :itemsPerPage offset (:page - 1) * :itemsPerPage))`,
  )
}

/** In so many words: a partial index serves only who says its condition. */
const listStock = list(`status = 'available'`)
const listAny = list('(:status is null or status = :status)')

const count = defineReading<StockCount>(
  API_CALLER,
  `json_object(
    'productExists', exists (select 1 from products where id = :productId and deleted_at is null),
    'count', (select count(*) from license_keys where product_id = :productId and status = 'available'))`,
)

export interface StockCount {
  readonly productExists: 0 | 1
  readonly count: number
}

/**
 * @param db the primary
 * @returns the keys by ascending id; none where there is no such product
 * @throws DatabaseUnavailableError
 */
export async function listLicenseKeys(
  db: D1Database,
  caller: ApiCaller,
  filter: LicenseKeyFilter,
  { page, itemsPerPage }: Page,
): Promise<Read<ListedKey[], CallerRefusal>> {
  const { productId, status, ownerName, ownerEmail } = filter
  const listed = await read<ListedKey[], CallerRefusal>(db, status === 'available' ? listStock : listAny, {
    ...callerValues(caller),
    productId,
    status: status ?? null,
    ownerName: ownerName ?? null,
    ownerEmail: ownerEmail ?? null,
    page,
    itemsPerPage,
  })
  // SQLite gathers them in an order that it does not promise.
  if (listed.kind === 'found') listed.found.sort(([one], [other]) => one - other)
  return listed
}

/**
 * @param db the primary
 * @returns how many keys of a product are available
 * @throws DatabaseUnavailableError
 */
export function countAvailable(
  db: D1Database,
  caller: ApiCaller,
  productId: number,
): Promise<Read<StockCount, CallerRefusal>> {
  return read(db, count, { ...callerValues(caller), productId })
}

/** The protocol's object of a listed key: these 11 fields in this order. */
export function listedKeyObject(key: ListedKey): object {
  const [id, productId, licenseKey, ownerName, ownerEmail, activationLimit, validityDays, ...dates] = key
  const [assignedAt, status, createdAt, updatedAt] = dates
  return {
    id,
    product_id: productId,
    license_key: licenseKey,
    owner_name: ownerName,
    owner_email: ownerEmail,
    activation_limit: activationLimit,
    validity: validityDays,
    assigned_at: assignedAt === null ? null : withMilliseconds(assignedAt),
    status,
    created_at: withoutMilliseconds(createdAt),
    updated_at: withoutMilliseconds(updatedAt),
  }
}
