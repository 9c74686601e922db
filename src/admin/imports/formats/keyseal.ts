/** Our own export: `GET /admin/v1/exports/licenses`, and the same fields as CSV. */
import { expiryAt, IN_STOCK, type ReadRow, type Row } from './license.ts'
import { RowReader } from './row-reader.ts'

const STATUSES = {
  available: 'available',
  assigned: 'assigned',
  reserved: 'reserved',
  blocked: 'blocked',
} as const

export function readKeyseal(row: Row): ReadRow {
  const cells = new RowReader(row)
  const productId = cells.text('product_id')
  const assignedAt = cells.instant('assigned_at')
  const expiresAt = cells.instant('expires_at')
  const validityDays = cells.validityDays('validity_days')
  const status = cells.choice(STATUSES, 'assigned', 'status')
  if (status === 'available' && expiresAt !== null) {
    cells.refuse('expires_at', `must be blank for a license key in stock: ${IN_STOCK}`)
  }
  return cells.finish({
    licenseKey: cells.licenseKey('license_key'),
    products: productId === null ? [] : [productId],
    status,
    ownerName: cells.ownerName('owner_name'),
    ownerEmail: cells.ownerEmail('owner_email'),
    activationLimit: cells.activationLimit('activation_limit'),
    ...(expiresAt === null ? { validityDays, expiresAt } : expiryAt(expiresAt, assignedAt)),
    assignedAt,
    createdAt: cells.instant('created_at'),
    features: cells.features('features'),
    reference: cells.text('reference'),
    metadata: cells.metadata('metadata', cells.object('metadata')),
    activations: cells.activations(
      'activations',
      cells
        .objects('activations')
        .map(({ identifier, created_at }) => ({ identifier, createdAt: created_at })),
    ),
  })
}
