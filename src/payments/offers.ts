/** SQL that finds the offer of what a provider sold. Only offers that sell and products that are active count. */

/** @param externalIds SQL: a JSON list of external ids, the most specific first. The first with an offer counts */
function offerOf(externalIds: string): string {
  return `(select candidates.id from json_each(${externalIds}) as wanted
  cross join offers as candidates on candidates.external_id = wanted.value and candidates.provider = :provider
    and candidates.removed_at is null
  cross join products as sold on sold.id = candidates.product_id and sold.status = 'active'
  order by wanted.key limit 1)`
}

/** The id of the offer of the JSON row `line`, or null. */
export const OFFER_OF_LINE = offerOf(`line.value, '$.externalIds'`)

/** The id of the offer of the JSON row `item`, or null. */
export const OFFER_OF_ITEM = offerOf(`item.value, '$.externalIds'`)
