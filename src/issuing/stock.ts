/**
 * License keys in stock: how many there are, how an issuance takes some of them, and what may keep an order from being
 * issued.
 */
import { compileText, type Statement } from '../db/batch.ts'
import type { Obstacle } from '../db/schema/index.ts'
import { CODES, type Code } from '../protocol/codes.ts'
import { generatorOf } from './inserts.ts'

/** SQL, an expression: how many keys of a product are in stock, counted no further than `most`. */
export function countInStock(productId: string, most: string): string {
  return `(select count(*) from (select 1 from license_keys
    where product_id = ${productId} and status = 'available' limit ${most}))`
}

/** SQL, an expression: the first or last id in the stock of the issuance's product. */
function endOfStock(order: 'asc' | 'desc'): string {
  return `(select id from license_keys where product_id = (select product_id from issuance)
    and status = 'available' order by id ${order} limit 1)`
}

/** Without an issuance no keys are wanted: a LIMIT takes no null. */
const WANTED = 'coalesce((select quantity from issuance), 0)'

/**
 * Assigns keys in stock to an issuance, as many as its quantity. Every set of keys is equally likely. The insert of the
 * issuance must have made sure that there are enough.
 *
 * Ids between the least and the greatest in stock are drawn, and the first that are in stock are taken: a key costs no
 * more in a large stock than in a small one. If too few are met, because most ids in between are not in stock, the
 * whole stock is shuffled instead.
 *
 * @param isIssuance SQL, a condition that picks one row of `issuances`: the one that this very attempt wrote, or none
 */
export function takeFromStock(isIssuance: string): Statement<never> {
  return compileText(`with issuance as materialized (select * from issuances where ${isIssuance}),
  bounds as materialized (select ${endOfStock('asc')} as least, ${endOfStock('desc')} as greatest),
  draws (place, number, most) as (
    select 1, random(), ${WANTED} * 8 + 100
    union all select place + 1, random(), most from draws where place < most),
  met as materialized (
    select license_keys.id as id, min(draws.place) as place from bounds cross join draws cross join issuance
    cross join license_keys on license_keys.id = least + (number & 0x7fffffffffffffff) % (greatest - least + 1)
      and license_keys.product_id = issuance.product_id and license_keys.status = 'available'
    group by license_keys.id),
  taken as materialized (
    select id from (select id from met order by place limit ${WANTED})
    where (select count(*) from met) >= ${WANTED}
    union all
    select id from (select license_keys.id from issuance cross join license_keys
      on license_keys.product_id = issuance.product_id and license_keys.status = 'available'
        and (select count(*) from met) < issuance.quantity
      order by random() limit ${WANTED}))
  update license_keys set status = 'assigned', owner_name = issuance.owner_name, owner_email = issuance.owner_email,
    assigned_at = issuance.created_at, updated_at = issuance.created_at, issuance_id = issuance.id,
    contract_id = issuance.contract_id,
    validity_days = coalesce(issuance.requested_validity_days, license_keys.validity_days),
    activation_limit = coalesce(issuance.requested_activation_limit, license_keys.activation_limit)
  from issuance where license_keys.id in (select id from taken)`)
}

/**
 * SQL, an expression: why an order cannot be issued now, in the order of the checks; null where nothing stands against it.
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

export const OBSTACLE_CODES = {
  'product-not-found': CODES.productNotFound,
  'generator-not-found': CODES.generatorNotFound,
  'stock-insufficient': CODES.stockInsufficient,
} as const satisfies Record<Obstacle, Code>
