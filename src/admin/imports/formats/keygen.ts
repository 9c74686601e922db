/**
 * Keygen: license objects of its API (https://keygen.sh/docs/api/licenses/,
 * https://github.com/keygen-sh/keygen-api/blob/master/app/serializers/license_serializer.rb).
 *
 * A license object names its owner and machines by id only. If a row also has `owner`, a user object, and `machines`, a list
 * of machine objects (https://keygen.sh/docs/api/machines/), they are read. docs/import.md joins them.
 */
import { isObject } from './cell-values.ts'
import { expiryAt, type ReadRow, type Row } from './license.ts'
import { RowReader } from './row-reader.ts'

/** EXPIRED keeps its expiry, and INACTIVE was not validated for 90 days. */
const STATUSES = {
  active: 'assigned',
  inactive: 'assigned',
  expiring: 'assigned',
  expired: 'assigned',
  suspended: 'blocked',
  banned: 'blocked',
} as const

export function readKeygen(row: Row): ReadRow {
  const { attributes } = row
  if (!isObject(attributes)) {
    return {
      kind: 'refused',
      errors: { attributes: ['The row must be a license object of Keygen with attributes.'] },
    }
  }
  const owner = attributesOf(row.owner)
  const cells = new RowReader({
    ...attributes,
    id: row.id,
    ownerEmail: owner.email,
    ownerName: owner.fullName ?? [owner.firstName, owner.lastName].filter((name) => name).join(' '),
    machines: row.machines,
  })
  const metadata = cells.object('metadata')
  const emailInMetadata = metadata.email ?? metadata.customerEmail ?? metadata.userEmail
  const contact = new RowReader({ email: emailInMetadata })
  const assignedAt = cells.instant('created')
  const status = cells.choice(STATUSES, 'assigned', 'status')
  return cells.finish({
    licenseKey: cells.licenseKey('key'),
    products: [idOf(row, 'policy'), idOf(row, 'product')].filter((id) => id !== null),
    status: cells.flag('suspended') ? 'blocked' : status,
    ownerName: cells.ownerName('ownerName'),
    // Metadata may have any text there.
    ownerEmail: cells.ownerEmail('ownerEmail') ?? contact.ownerEmail('email'),
    activationLimit: cells.activationLimit('maxMachines'),
    ...expiryAt(cells.expiry('expiry'), assignedAt),
    assignedAt,
    createdAt: assignedAt,
    features: null,
    reference: cells.text('id'),
    metadata: cells.metadata('metadata', {
      ...metadata,
      keygen_license_id: cells.text('id'),
      keygen_license_name: cells.text('name'),
      keygen_user_id: idOf(row, 'owner') ?? idOf(row, 'user'),
    }),
    activations: cells.activations(
      'machines',
      cells.objects('machines').map((machine) => {
        const { fingerprint, created } = attributesOf(machine)
        return { identifier: fingerprint, createdAt: created }
      }),
    ),
  })
}

function attributesOf(object: unknown): Row {
  if (!isObject(object)) return {}
  return isObject(object.attributes) ? object.attributes : object
}

/** The id of a related object. */
function idOf({ relationships }: Row, name: string): string | null {
  const relationship = isObject(relationships) ? relationships[name] : undefined
  const data = isObject(relationship) ? relationship.data : undefined
  return isObject(data) && typeof data.id === 'string' ? data.id : null
}
