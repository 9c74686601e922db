/**
 * Where the license keys of an issuance come from: made beforehand as plain UUIDs, by a product's generator, or from
 * its stock. Statements for the batch that has just inserted the issuance.
 */
import { KEY_IN_FORMAT } from './key-formats.ts'

/** SQL, an expression: the id of a product's generator, the latest of the active ones, or null. */
export function generatorOf(productId: string): string {
  return `(select max(generators.id) from generators where generators.product_id = ${productId} and generators.status = 1)`
}

/**
 * Fresh keys for an issuance. Placeholders: `material` (a JSON list of as many as its quantity).
 *
 * @param isIssuance SQL, a condition that picks one row of `issuances`: the one this very attempt wrote, or none
 * @param assignedAt SQL, an expression
 */
export function insertFreshKeys(isIssuance: string, assignedAt = 'issuances.created_at'): string {
  return `insert into license_keys (product_id, license_key, status, activation_limit, validity_days, owner_name,
      owner_email, assigned_at, issuance_id, created_at, updated_at)
    select issuances.product_id, fresh.value, 'assigned', issuances.activation_limit, issuances.validity_days,
      issuances.owner_name, issuances.owner_email, ${assignedAt}, issuances.id, issuances.created_at,
      issuances.created_at
    from issuances cross join json_each(:material) as fresh
    where ${isIssuance}`
}

/**
 * Generated keys for an issuance. Placeholders: `material` (`freshMaterial` for its quantity).
 *
 * @param isIssuance as of `insertFreshKeys`
 */
export function insertGeneratedKeys(isIssuance: string): string {
  return `insert into license_keys (product_id, license_key, status, activation_limit, validity_days, owner_name,
      owner_email, assigned_at, contract_id, issuance_id, created_at, updated_at)
    select issuances.product_id, ${KEY_IN_FORMAT}, 'assigned', issuances.activation_limit, issuances.validity_days,
      issuances.owner_name, issuances.owner_email, issuances.created_at, issuances.contract_id, issuances.id,
      issuances.created_at, issuances.created_at
    from issuances cross join generators on generators.id = ${generatorOf('issuances.product_id')}
    cross join json_each(:material) as fresh
    where ${isIssuance}`
}

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

/** Where there is no issuance none are wanted: a LIMIT takes no null. */
const WANTED = 'coalesce((select quantity from issuance), 0)'

/**
 * Assigns keys in stock to an issuance, as many as its quantity, each set of them as likely as any other. Its insert
 * must have made sure that there are as many.
 *
 * Ids between the least and the greatest in stock are drawn, and the first that are in stock are taken: a key costs
 * no more in a large stock than in a small one. Where too few are met, because most of the ids in between are not
 * in stock, the whole stock is shuffled instead. Both ways treat all keys alike, so no key is preferred.
 *
 * @param isIssuance as of `insertFreshKeys`
 */
export function takeFromStock(isIssuance: string): string {
  return `with issuance as materialized (select * from issuances where ${isIssuance}),
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
  from issuance where license_keys.id in (select id from taken)`
}
