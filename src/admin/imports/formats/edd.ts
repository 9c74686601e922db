/**
 * Easy Digital Downloads, Software Licensing: the CSV of Downloads, Tools, Import/Export, Export License Keys. Columns:
 * https://github.com/pronamic/edd-software-licensing/blob/main/includes/admin/classes/class-sl-export-licenses.php, a copy of
 * the paid plugin.
 */
import { expiryAt, NEVER, type ReadRow, type Row } from './license.ts'
import { RowReader } from './row-reader.ts'

/** `inactive`: it has no activations yet. */
const STATUSES = {
  active: 'assigned',
  inactive: 'assigned',
  expired: 'expired',
  disabled: 'blocked',
  revoked: 'blocked',
} as const

const LIFETIME = /^(?:0|lifetime|never)$/i
/** The plugin stores the expiry as Unix time. */
const UNIX_SECONDS = /^\d{8,11}$/

export function readEdd(row: Row): ReadRow {
  const cells = new RowReader(row)
  const assignedAt = cells.instant('Purchase Date')
  const expiry = expiryOf(cells, assignedAt)
  const status = cells.choice<string>(STATUSES, 'assigned', 'License Status', 'Status')
  const isOver = status === 'expired' && expiry === NEVER
  return cells.finish({
    licenseKey: cells.licenseKey('License Key'),
    products: [cells.text('Product ID', 'Download ID'), cells.text('Product Name')].filter(
      (name) => name !== null,
    ),
    status: status === 'blocked' || isOver ? 'blocked' : 'assigned',
    ownerName: cells.ownerName('Customer Name'),
    ownerEmail: cells.ownerEmail('Customer Email'),
    activationLimit: cells.activationLimit('Activation Limit'),
    ...expiry,
    assignedAt,
    createdAt: assignedAt,
    features: null,
    reference: cells.text('License ID'),
    metadata: cells.metadata('License ID', {
      edd_license_id: cells.text('License ID'),
      edd_customer_id: cells.text('Customer ID'),
      edd_price_id: cells.text('Price ID'),
    }),
    activations: cells.activations('Activated URLs', activationsOf(cells)),
  })
}

function expiryOf(cells: RowReader, assignedAt: number | null) {
  const text = cells.cell('Expiration Date')?.text ?? '0'
  if (LIFETIME.test(text)) return NEVER
  return expiryAt(UNIX_SECONDS.test(text) ? Number(text) * 1000 : cells.expiry('Expiration Date'), assignedAt)
}

/** The sites, separated by commas. */
function activationsOf(cells: RowReader) {
  const sites = cells.cell('Activated URLs')?.text.split(',') ?? []
  return sites
    .map((site) => site.trim())
    .filter((site) => site !== '')
    .map((identifier) => ({ identifier, createdAt: null }))
}
