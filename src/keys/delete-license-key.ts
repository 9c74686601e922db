/**
 * Deletes a license key, with its activations and metadata.
 *
 * Guarantees: how it was issued is kept, so that a replay of its issuance tells what it told at first.
 */
import { API_CALLER, type CallerRefusal } from '../callers/api-keys.ts'
import { defineOperation, type OperationRequest, type Performed, perform } from '../callers/operation.ts'
import { keepAsIssued } from '../issuing/as-issued.ts'

export type DeletionOutcome =
  | { readonly kind: 'deleted'; readonly productId: number }
  | { readonly kind: 'not-found' }

const deletion = defineOperation<DeletionOutcome>(
  API_CALLER,
  'delete-license-key',
  `(select json_object('kind', iif(license_keys.id is null, 'not-found', 'deleted'),
      'productId', license_keys.product_id)
    from (select 1) left join license_keys on license_keys.license_key = :licenseKey)`,
  [
    keepAsIssued('license_key = :licenseKey and {decided:deleted}'),
    `delete from license_keys where license_key = :licenseKey and {decided:deleted}`,
  ],
)

/**
 * @param db the primary
 * @param request who asks, and under which idempotency key
 * @param licenseKey undefined: none is found
 * @throws DatabaseUnavailableError: repeating the call with the same idempotency key is safe
 */
export function deleteLicenseKey(
  db: D1Database,
  request: OperationRequest,
  licenseKey: string | undefined,
): Promise<Performed<DeletionOutcome, CallerRefusal>> {
  return perform(db, deletion, request, { licenseKey: licenseKey ?? null })
}
