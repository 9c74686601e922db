/**
 * Writes one chunk of an import, in one D1 batch.
 *
 * Guarantees: each chunk of an import is written at most once, even if requests are repeated or race. A license key that
 * exists is never changed. A license is written with its issuance, devices and metadata, or not at all. A row that cannot be
 * written does not stop the others. A dry run makes the same decision and writes nothing.
 *
 * The rows travel as three JSON parameters. New license keys are those whose id is above the highest one before.
 */
import { defineOperation } from '../../callers/operation.ts'
import { operatorAuthority } from '../../callers/operators.ts'
import { insertIssuances } from '../../issuing/inserts.ts'
import { NOT_SET } from '../../protocol/owner.ts'
import { COLUMNS } from './chunk-values.ts'

export type ImportedChunk =
  /** `repeated`: another operator imported it, or it was imported so long ago that its operation is deleted. */
  | { readonly kind: 'imported' | 'checked' | 'repeated'; readonly results: readonly RowDecision[] }
  /** The chunk was imported with another body. */
  | { readonly kind: 'chunk-taken' }

/** A row that was not written. `differs`: what differs from the license key that exists; null: its product does not exist. */
export type RowDecision = readonly [row: number, differs: string | null]

const IMPORTED = `(select ${COLUMNS.map((name, index) => `value ->> ${index} as ${name}`).join(', ')}
  from json_each(:licenses)) as imported`

const PRODUCT = `products on products.id = imported.product_id and products.deleted_at is null`
const EXISTING = `license_keys as existing on existing.license_key = imported.license_key`

/** SQL: the names of what differs in the license key that exists, separated by commas. As in read-rows.ts. */
const DIFFERS = `concat_ws(',',
  ${['product_id', 'status', 'owner_name', 'owner_email', 'activation_limit']
    .map((name) => `iif(existing.${name} is not imported.${name}, '${name}', null)`)
    .join(', ')},
  iif((existing.expires_at, existing.validity_days) is not (imported.expires_at, imported.validity_days), 'expires_at', null))`

/** SQL: the rows that are not written, as a list of `RowDecision`. */
const RESULTS = `(select json_group_array(json_array(imported.row, iif(products.id is null, null, ${DIFFERS})))
  from ${IMPORTED} left join ${PRODUCT} left join ${EXISTING}
  where products.id is null or existing.id is not null)`

const IDEMPOTENCY_KEY = `:importId || '/' || :chunk || '/' || imported.row`
const ISSUED_AT = 'coalesce(imported.assigned_at, imported.created_at, :now)'

/** SQL: the numbers of rows of an import as a JSON object, or null if it has no chunks. @param isImport SQL */
export function importCounts(isImport: string): string {
  return `(select json_object('chunks', count(*), 'rows', sum(row_count), 'created', sum(created),
      'duplicate', sum(duplicate), 'skipped', sum(skipped), 'refused', sum(refused))
    from import_chunks where ${isImport} having count(*) > 0)`
}

const EARLIER = 'from import_chunks where import_id = :importId and chunk = :chunk'
const REPEATED = `${EARLIER} and fingerprint = :bodyFingerprint`

export const importChunk = defineOperation<ImportedChunk>({
  authority: operatorAuthority({ role: 'owner' }),
  name: 'imports.write',
  decision: `json_object(
    'kind', case when :isDryRun then 'checked'
      when exists (select 1 ${REPEATED}) then 'repeated'
      when exists (select 1 ${EARLIER}) then 'chunk-taken'
      else 'imported' end,
    'lastKeyId', (select coalesce(max(id), 0) from license_keys),
    'results', json(coalesce(iif(:isDryRun, null, (select results ${REPEATED})), ${RESULTS})))`,
  changes: ['imported'],
  writes({ decided, decision }) {
    const isNew = `license_keys.id > ${decision} ->> 'lastKeyId'`
    return [
      insertIssuances(
        {
          source: `'import'`,
          idempotencyKey: IDEMPOTENCY_KEY,
          nonce: ':nonce',
          productId: 'products.id',
          origin: `'fresh'`,
          quantity: '1',
          ownerName: `coalesce(imported.owner_name, '${NOT_SET}')`,
          ownerEmail: `coalesce(imported.owner_email, '${NOT_SET}')`,
          reference: 'imported.reference',
          validityDays: 'imported.validity_days',
          activationLimit: 'imported.activation_limit',
          createdAt: ISSUED_AT,
        },
        {
          from: `${IMPORTED} cross join ${PRODUCT} left join ${EXISTING}`,
          where: `imported.is_issued and existing.id is null and ${decided('imported')}`,
        },
      ),
      `insert into license_keys (product_id, issuance_id, license_key, status, activation_limit, validity_days, expires_at,
         owner_name, owner_email, assigned_at, features, created_at, updated_at)
       select products.id, issuances.id, imported.license_key, imported.status, imported.activation_limit,
         imported.validity_days, imported.expires_at, imported.owner_name, imported.owner_email,
         iif(imported.status = 'assigned' or imported.is_issued, ${ISSUED_AT}, imported.assigned_at), imported.features,
         coalesce(imported.created_at, imported.assigned_at, :now), :now
       from ${IMPORTED} cross join ${PRODUCT}
       left join issuances on issuances.source = 'import' and issuances.idempotency_key = ${IDEMPOTENCY_KEY}
         and issuances.nonce = :nonce
       where ${decided('imported')} on conflict (license_key) do nothing`,
      `insert into activations (license_key_id, identifier, created_at, takes_seat)
       select license_keys.id, iif(products.domain_devices, device.value ->> 2, device.value ->> 1),
         coalesce(device.value ->> 4, :now), iif(products.domain_devices and device.value ->> 3, 0, 1)
       from json_each(:devices) as device
       cross join license_keys on license_keys.license_key = device.value ->> 0 and ${isNew}
       cross join products on products.id = license_keys.product_id
       where ${decided('imported')} on conflict do nothing`,
      `insert into license_key_metadata (license_key_id, key, value)
       select license_keys.id, entry.value ->> 1, entry.value ->> 2 from json_each(:metadata) as entry
       cross join license_keys on license_keys.license_key = entry.value ->> 0 and ${isNew}
       where ${decided('imported')}`,
      `insert into import_chunks (import_id, chunk, format, fingerprint, results, row_count, created, duplicate, skipped,
         refused, created_at)
       select :importId, :chunk, :format, :bodyFingerprint, ${decision} ->> '$.results', :rowCount, :licenseCount - (duplicates + missing), :duplicateCount + duplicates,
         :skippedCount, :refusedCount + missing, :now
       from (select count(value ->> 1) as duplicates, count(*) - count(value ->> 1) as missing
         from json_each(${decision}, '$.results'))
       where ${decided('imported')}`,
    ]
  },
  audit: () => ({ subject: `('import:' || :importId)`, state: importCounts('import_id = :importId') }),
})
