/** Reads the rows of a chunk without the database: what each one is, and which product it belongs to. */
import { FORMATS, type ImportFormat } from './formats/index.ts'
import type { ImportedLicense, ReadRow, Row } from './formats/license.ts'

export interface ProductChoice {
  readonly format: ImportFormat
  /** For rows whose product is not in `products`. */
  readonly productId: number | null
  /** Our products by the ids or names of the other vendor. */
  readonly products: Readonly<Record<string, number>>
}

/** A license to write, with the number of its row in the chunk, from 1. */
export interface PreparedLicense extends ImportedLicense {
  readonly row: number
  readonly productId: number
}

/** A row that the database does not decide about. */
export type DecidedRow =
  | Exclude<ReadRow, { kind: 'license' }>
  | { readonly kind: 'duplicate'; readonly differs: readonly string[] }

export interface PreparedRows {
  /** Each license key once. */
  readonly licenses: readonly PreparedLicense[]
  /** The other rows, by their numbers. */
  readonly decided: ReadonlyMap<number, DecidedRow>
}

export function prepareRows(rows: readonly Row[], choice: ProductChoice): PreparedRows {
  const licenses = new Map<string, PreparedLicense>()
  const decided = new Map<number, DecidedRow>()
  rows.forEach((input, index) => {
    const row = index + 1
    const read = readRow(input, choice, row)
    if (read.kind !== 'license') {
      decided.set(row, read)
      return
    }
    const earlier = licenses.get(read.license.licenseKey)
    if (earlier) decided.set(row, { kind: 'duplicate', differs: differences(earlier, read.license) })
    else licenses.set(read.license.licenseKey, read.license)
  })
  return { licenses: [...licenses.values()], decided }
}

function readRow(
  input: Row,
  choice: ProductChoice,
  row: number,
): Exclude<ReadRow, { kind: 'license' }> | { readonly kind: 'license'; readonly license: PreparedLicense } {
  const read = FORMATS[choice.format](input)
  if (read.kind !== 'license') return read
  const productId = productOf(read.license, choice)
  if (productId === undefined) {
    return { kind: 'refused', errors: { products: [noProduct(read.license.products)] } }
  }
  return { kind: 'license', license: { ...read.license, row, productId } }
}

function productOf(
  { products: names }: ImportedLicense,
  { format, productId, products }: ProductChoice,
): number | undefined {
  const name = names.find((name) => Object.hasOwn(products, name))
  if (name !== undefined) return products[name]
  if (productId !== null) return productId
  // Our own export names our own products.
  const [own] = format === 'keyseal' ? names : []
  return own !== undefined && /^[1-9]\d{0,9}$/.test(own) ? Number(own) : undefined
}

function noProduct(names: readonly string[]): string {
  const named = names.map((name) => `"${name}"`).join(' or ')
  return named === ''
    ? 'The row names no product. Send product_id.'
    : `There is no product for ${named}. Add one of these to products, or send product_id.`
}

/** Whether an issuance is written for the license, so that the search by owner finds it. */
export function isIssued({ status, ownerName, ownerEmail }: PreparedLicense): boolean {
  return (status === 'assigned' || status === 'blocked') && (ownerName !== null || ownerEmail !== null)
}

/** What is compared with a license key that exists, by its name in the answer. */
const COMPARED = {
  product_id: ({ productId }) => productId,
  status: ({ status }) => status,
  owner_name: ({ ownerName }) => ownerName,
  owner_email: ({ ownerEmail }) => ownerEmail,
  activation_limit: ({ activationLimit }) => activationLimit,
  expires_at: ({ expiresAt, validityDays }) => `${expiresAt} ${validityDays}`,
} as const satisfies Record<string, (license: PreparedLicense) => unknown>

function differences(earlier: PreparedLicense, later: PreparedLicense): string[] {
  return Object.entries(COMPARED)
    .filter(([, read]) => read(earlier) !== read(later))
    .map(([name]) => name)
}
