/** Why an order for keys can not be issued now, in the order in which it is looked at, as SQL. */
import { countInStock, generatorOf } from './key-sources.ts'

/**
 * SQL, an expression: an `Obstacle`, or null where there is none.
 *
 * @param origin SQL: where the keys are to come from
 * @param productId SQL
 * @param quantity SQL that names no column, since it stands in a LIMIT: a placeholder
 */
export function obstacleTo(origin: string, productId: string, quantity: string): string {
  return `case
    when not exists (select 1 from products where products.id = ${productId} and products.status = 'active')
      then 'product-not-found'
    when ${origin} = 'generator' and ${generatorOf(productId)} is null then 'generator-not-found'
    when ${origin} = 'stock' and ${countInStock(productId, quantity)} < ${quantity} then 'stock-insufficient' end`
}
