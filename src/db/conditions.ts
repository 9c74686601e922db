/** The product `:productId` exists and is not deleted. */
export const PRODUCT_EXISTS =
  'exists (select 1 from products where products.id = :productId and products.deleted_at is null)'

/** SQL for `updated_at`: two changes in the same millisecond are different versions. */
export const NEXT_VERSION = 'max(:now, updated_at + 1)'
