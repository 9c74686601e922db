/** The generator that each product gets when it is created, because shop plugins always order with `generate=1`. */

export interface GeneratorTerms {
  /** 0: unlimited activations. */
  readonly activationLimit: number
  /** 0: the license keys do not expire. */
  readonly validityDays: number
}

export const DEFAULT_TERMS: GeneratorTerms = { activationLimit: 1, validityDays: 0 }

/**
 * SQL that inserts the default generator of a product. It must run in the transaction that inserts the product.
 *
 * Its license keys are UUIDs, whose letters look like no digit. The chunk columns, which UUIDs do not use, have the
 * values of the protocol's own servers.
 *
 * @param columns SQL expressions; `now` in milliseconds UTC
 * @param rows SQL, the rest of the select: `from` and `where`
 */
export function insertDefaultGenerator(
  { productId, now }: { readonly productId: string; readonly now: string },
  rows: string,
  { activationLimit, validityDays }: GeneratorTerms = DEFAULT_TERMS,
): string {
  return `insert into generators (product_id, method, prefix, suffix, charset, number_of_chunks, chunk_length,
      activation_limit, validity_days, status, created_at, updated_at)
    select ${productId}, 'uuid', '', '', '0123456789ABCDEF', 4, 4, ${activationLimit}, ${validityDays}, 1, ${now}, ${now}
    ${rows}`
}
