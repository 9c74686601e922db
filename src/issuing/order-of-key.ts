/**
 * SQL: the issuance of the order to which the row of `license_keys` belongs, or null. A reissued key belongs to the
 * order of the key that it replaces.
 */
export const ORDER_ISSUANCE = `coalesce(
  (select reissues.order_issuance_id from reissues where reissues.issuance_id = license_keys.issuance_id),
  license_keys.issuance_id)`
