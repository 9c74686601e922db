/** SQL about features: the list of a license key, of the offer that was bought, and of a product. */
import { NOT_SET } from '../protocol/owner.ts'
import { ORDER_ISSUANCE } from './order-of-key.ts'

/**
 * An SQL expression: the features of the current row of `license_keys`, as a JSON array. The narrowest list counts: the
 * key's own, then that of the offer that its order has now, then that of its product. An empty list counts too.
 * NULL: there is no list.
 */
export const EFFECTIVE_FEATURES = `coalesce(license_keys.features,
  (select offers.features from order_lines
    cross join offers on offers.id = coalesce(order_lines.current_offer_id, order_lines.offer_id)
    where order_lines.issuance_id = ${ORDER_ISSUANCE}),
  (select products.features from products where products.id = license_keys.product_id))`

/** An SQL expression: the parameter `features`, as a new row stores it. Placeholder: `features`. */
export const NEW_FEATURES = `nullif(:features, '${NOT_SET}')`

/** An SQL expression: the column `features` after an update. Placeholder: `features`, null if it was not sent. */
export const UPDATED_FEATURES = `iif(:features is null, features, ${NEW_FEATURES})`
