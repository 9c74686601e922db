/** The generator that each product gets when it is created, because shop plugins always order with `generate=1`. */

export const DEFAULT_TERMS = { activationLimit: 1, validityDays: 0 } as const

interface DefaultGeneratorSql {
  readonly productId: string
  /** Milliseconds UTC. */
  readonly now: string
  readonly activationLimit?: string
  readonly validityDays?: string
}

/**
 * SQL that inserts the default generator of a product. It must run in the transaction that inserts the product.
 *
 * Keys are UUIDs. The chunk columns, which UUIDs do not use, have the values of the protocol's own servers.
 *
 * @param columns SQL expressions
 * @param rows SQL, the rest of the select: `from` and `where`
 */
export function insertDefaultGenerator(
  {
    productId,
    now,
    activationLimit = String(DEFAULT_TERMS.activationLimit),
    validityDays = String(DEFAULT_TERMS.validityDays),
  }: DefaultGeneratorSql,
  rows: string,
): string {
  return `insert into generators (product_id, method, prefix, suffix, charset, number_of_chunks, chunk_length,
      activation_limit, validity_days, status, created_at, updated_at)
    select ${productId}, 'uuid', '', '', '0123456789ABCDEF', 4, 4, ${activationLimit}, ${validityDays}, 1, ${now}, ${now}
    ${rows}`
}
