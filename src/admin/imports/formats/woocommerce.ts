/**
 * WooCommerce with the plugin License Manager for WooCommerce (https://wordpress.org/plugins/license-manager-for-woocommerce/):
 * its CSV, or the objects of its REST API, which have the same names in camel case. Columns:
 * https://github.com/DanielBakovic/license-manager-for-woocommerce/blob/master/includes/Export.php, statuses: enums/LicenseStatus.php.
 *
 * The export has no owner. Columns with a name and an e-mail address are read if the shop adds them.
 */
import type { LicenseKeyStatus } from '../../../db/schema/index.ts'
import { expiryAt, IN_STOCK, type ReadRow, type Row } from './license.ts'
import { RowReader } from './row-reader.ts'

type Status = 'sold' | 'active' | 'inactive' | 'disabled'

const STATUSES: Readonly<Record<string, Status>> = {
  sold: 'sold',
  delivered: 'sold',
  active: 'active',
  inactive: 'inactive',
  disabled: 'disabled',
  // The numbers of the REST API.
  1: 'sold',
  2: 'sold',
  3: 'active',
  4: 'inactive',
  5: 'disabled',
}

export function readWooCommerce(row: Row): ReadRow {
  const cells = new RowReader(row)
  const orderId = cells.text('order_id')
  const isSold = orderId !== null && orderId !== '0'
  const status = statusOf(cells.choice<Status>(STATUSES, isSold ? 'sold' : 'active', 'status'), isSold)
  const createdAt = cells.instant('created_at')
  const isInStock = status === 'available' || status === 'reserved'
  const assignedAt = isInStock ? null : createdAt
  return cells.finish({
    licenseKey: cells.licenseKey('license_key'),
    products: [cells.text('product_id'), cells.text('product_name')].filter((name) => name !== null),
    status,
    ownerName: cells.ownerName('user_name', 'customer_name', 'owner_name', 'billing_name'),
    ownerEmail: cells.ownerEmail('user_email', 'customer_email', 'owner_email', 'billing_email', 'email'),
    activationLimit: cells.activationLimit('times_activated_max'),
    ...expiryOf(cells, isInStock, assignedAt),
    assignedAt,
    createdAt,
    features: null,
    reference: isSold ? cells.text('order_num', 'order_id') : null,
    metadata: cells.metadata('id', {
      woocommerce_license_id: cells.text('id'),
      woocommerce_order_id: isSold ? orderId : null,
      woocommerce_user_id: cells.text('user_id'),
    }),
    activations: [],
  })
}

/** `active`: for sale. `inactive`: not for sale, or withdrawn from a buyer. */
function statusOf(status: Status, isSold: boolean): LicenseKeyStatus {
  if (status === 'disabled') return 'blocked'
  if (status === 'sold') return 'assigned'
  if (status === 'active') return isSold ? 'assigned' : 'available'
  return isSold ? 'blocked' : 'reserved'
}

/** In stock, the days of `valid_for` count from the sale. */
function expiryOf(cells: RowReader, isInStock: boolean, assignedAt: number | null) {
  const expiresAt = cells.expiry('expires_at')
  if (!isInStock) return expiryAt(expiresAt, assignedAt)
  if (expiresAt !== null) cells.refuse('expires_at', `must be blank for a license key in stock: ${IN_STOCK}`)
  return { validityDays: cells.validityDays('valid_for'), expiresAt: null }
}
