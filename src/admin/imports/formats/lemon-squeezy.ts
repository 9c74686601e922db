/**
 * Lemon Squeezy: license key objects of its API, whole or only their attributes:
 * https://docs.lemonsqueezy.com/api/license-keys, https://docs.lemonsqueezy.com/api/license-keys/list-all-license-keys.
 *
 * The columns of a CSV from its dashboard are not documented. A row with the names of the attributes is read, in any case and
 * with spaces, and with the other names that stand here.
 */
import { isObject } from './cell-values.ts'
import { expiryAt, type ReadRow, type Row } from './license.ts'
import { RowReader } from './row-reader.ts'

/** `inactive`: it has no activations yet. */
const STATUSES = {
  inactive: 'assigned',
  active: 'assigned',
  expired: 'expired',
  disabled: 'blocked',
} as const

export function readLemonSqueezy(row: Row): ReadRow {
  const cells = new RowReader(isObject(row.attributes) ? { id: row.id, ...row.attributes } : row)
  if (cells.flag('test_mode')) return { kind: 'skipped', reason: 'The license was made in test mode.' }
  const assignedAt = cells.instant('created_at')
  const expiresAt = cells.expiry('expires_at')
  const status = cells.choice<string>(STATUSES, 'assigned', 'status')
  // If it expired with its subscription, it has no instant.
  const isOver = status === 'expired' && expiresAt === null
  const isBlocked = status === 'blocked' || isOver || cells.flag('disabled')
  return cells.finish({
    licenseKey: cells.licenseKey('key', 'license_key'),
    products: [
      cells.text('variant_id'),
      cells.text('product_id'),
      cells.text('variant_name', 'variant'),
      cells.text('product_name', 'product'),
    ].filter((name) => name !== null),
    status: isBlocked ? 'blocked' : 'assigned',
    ownerName: cells.ownerName('user_name', 'customer_name', 'name'),
    ownerEmail: cells.ownerEmail('user_email', 'customer_email', 'email'),
    activationLimit: cells.activationLimit('activation_limit'),
    ...expiryAt(expiresAt, assignedAt),
    assignedAt,
    createdAt: assignedAt,
    features: null,
    reference: cells.text('order_id', 'order_number'),
    metadata: cells.metadata('id', {
      lemon_squeezy_license_key_id: cells.text('id', 'identifier'),
      lemon_squeezy_order_id: cells.text('order_id'),
      lemon_squeezy_order_item_id: cells.text('order_item_id'),
      lemon_squeezy_customer_id: cells.text('customer_id'),
    }),
    activations: [],
  })
}
