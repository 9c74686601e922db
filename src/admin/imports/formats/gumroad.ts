/**
 * Gumroad: the CSV of sales. Columns and their contents:
 * https://github.com/antiwork/gumroad/blob/main/app/services/exports/purchase_export_service.rb (`PURCHASE_FIELDS`).
 *
 * The file ends with a row of totals. Each charge of a membership is a row with the license key of its first sale.
 */
import { expiryAt, type ReadRow, type Row } from './license.ts'
import { RowReader } from './row-reader.ts'

export function readGumroad(row: Row): ReadRow {
  const cells = new RowReader(row, withoutApostrophe)
  if (cells.text('Purchase ID') === 'Totals') return { kind: 'skipped', reason: 'The row has totals.' }
  if (cells.flag('Recurring Charge?')) {
    return {
      kind: 'skipped',
      reason: 'The row is a later charge of a membership. Its license is that of the first sale.',
    }
  }
  if (cells.cell('License Key') === undefined) {
    return { kind: 'skipped', reason: 'The sale has no license key.' }
  }
  const giftee = cells.ownerEmail('Giftee Email')
  const buyer = cells.ownerName('Buyer Name')
  const assignedAt = cells.instant('Purchase Time (UTC timezone)', 'Purchase Date')
  return cells.finish({
    licenseKey: cells.licenseKey('License Key'),
    products: [cells.text('Product ID'), cells.text('Item Name')].filter((name) => name !== null),
    status: isBlocked(cells) ? 'blocked' : 'assigned',
    // The name is that of the buyer, also if the license was a gift.
    ownerName: giftee === null ? buyer : null,
    ownerEmail: giftee ?? cells.ownerEmail('Purchase Email', 'Buyer Email', 'Email'),
    activationLimit: 0,
    ...expiryAt(cells.expiry('Subscription End Date'), assignedAt),
    assignedAt,
    createdAt: assignedAt,
    features: null,
    reference: cells.text('Purchase ID'),
    metadata: cells.metadata('Purchase ID', {
      gumroad_sale_id: cells.text('Purchase ID'),
      gumroad_order_number: cells.text('Order Number'),
      gumroad_variants: cells.cell('Variants')?.text,
      gumroad_quantity: cells.text('Quantity'),
    }),
    activations: [],
  })
}

/** A sale that the seller lost, or a license key that the seller disabled. */
function isBlocked(cells: RowReader): boolean {
  const isDisputeLost = cells.flag('Disputed?') && !cells.flag('Dispute Won?')
  const isEnabled = cells.cell('License Key Enabled?') === undefined || cells.flag('License Key Enabled?')
  return cells.flag('Fully Refunded?') || isDisputeLost || cells.flag('Access Revoked?') || !isEnabled
}

/** Gumroad puts an apostrophe before a text that a spreadsheet would run as a formula (the gem csv-safe). */
function withoutApostrophe(text: string): string {
  return /^'[-=+@|%]/.test(text) ? text.slice(1) : text
}
