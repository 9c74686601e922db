/** SQL that counts license keys in stock, assigns them to an issuance, and finds obstacles to an order. */
import { compileText, type Statement } from '../db/batch.ts'
import type { Obstacle } from '../db/schema/index.ts'
import { CODES, type Code } from '../protocol/codes.ts'
import { generatorId } from './inserts.ts'

/** SQL: the number of a product's keys in stock, at most `max`. */
export function countInStock(productId: string, max: string): string {
  return `(select count(*) from (select 1 from license_keys
    where product_id = ${productId} and status = 'available' limit ${max}))`
}

/** An SQL expression: the lowest (`asc`) or highest (`desc`) id in the stock of the issuance's product. */
function stockIdBound(order: 'asc' | 'desc'): string {
  return `(select id from license_keys where product_id = (select product_id from issuance)
    and status = 'available' order by id ${order} limit 1)`
}

/** The number of keys to take. 0 without an issuance, because LIMIT rejects null. */
const WANTED = 'coalesce((select quantity from issuance), 0)'

/**
 * Assigns random keys in stock to an issuance, with every set of keys equally likely. The statement that
 * inserts the issuance must check that the stock has enough keys.
 *
 * It draws random ids between the lowest and the highest in stock, and takes the first that are in stock. So
 * the cost per key does not depend on the size of the stock. If too few drawn ids are in stock, it shuffles
 * the whole stock.
 *
 * @param isIssuance an SQL condition that matches only the issuance that this attempt inserted
 */
export function takeFromStock(isIssuance: string): Statement<never> {
  return compileText(`with issuance as materialized (select * from issuances where ${isIssuance}),
  bounds as materialized (select ${stockIdBound('asc')} as lowest, ${stockIdBound('desc')} as highest),
  draws (place, number, count) as (
    select 1, random(), ${WANTED} * 8 + 100
    union all select place + 1, random(), count from draws where place < count),
  hits as materialized (
    select license_keys.id as id, min(draws.place) as place from bounds cross join draws cross join issuance
    cross join license_keys on license_keys.id = lowest + (number & 0x7fffffffffffffff) % (highest - lowest + 1)
      and license_keys.product_id = issuance.product_id and license_keys.status = 'available'
    group by license_keys.id),
  taken as materialized (
    select id from (select id from hits order by place limit ${WANTED})
    where (select count(*) from hits) >= ${WANTED}
    union all
    select id from (select license_keys.id from issuance cross join license_keys
      on license_keys.product_id = issuance.product_id and license_keys.status = 'available'
        and (select count(*) from hits) < issuance.quantity
      order by random() limit ${WANTED}))
  update license_keys set status = 'assigned', owner_name = issuance.owner_name, owner_email = issuance.owner_email,
    assigned_at = issuance.created_at, updated_at = issuance.created_at, issuance_id = issuance.id,
    contract_id = issuance.contract_id,
    validity_days = coalesce(issuance.requested_validity_days, license_keys.validity_days),
    activation_limit = coalesce(issuance.requested_activation_limit, license_keys.activation_limit)
  from issuance where license_keys.id in (select id from taken)`)
}

/** SQL: the first reason why an order cannot be issued, or null. LIMIT accepts no column for `quantity`. */
export function obstacleTo(origin: string, productId: string, quantity: string): string {
  return `case
    when not exists (select 1 from products where products.id = ${productId} and products.status = 'active')
      then 'product-not-found'
    when ${origin} = 'generator' and ${generatorId(productId)} is null then 'generator-not-found'
    when ${origin} = 'stock' and ${countInStock(productId, quantity)} < ${quantity} then 'stock-insufficient' end`
}

export const OBSTACLE_CODES = {
  'product-not-found': CODES.productNotFound,
  'generator-not-found': CODES.generatorNotFound,
  'stock-insufficient': CODES.stockInsufficient,
} as const satisfies Record<Obstacle, Code>
