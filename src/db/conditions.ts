/** SQL conditions that several domains share. */

/** The product with the id `:productId` exists and was not deleted. */
export const PRODUCT_EXISTS =
  'exists (select 1 from products where products.id = :productId and products.deleted_at is null)'
