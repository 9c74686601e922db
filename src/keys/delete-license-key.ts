/**
 * `POST /api/v1/delete-license-key`: deletes a license key, with its activations and metadata. A replay of
 * its issuance still returns the original response.
 */
import * as z from 'zod/mini'
import { apiKey } from '../callers/api-keys.ts'
import { defineOperation, perform } from '../callers/operation.ts'
import { endpoint } from '../http/endpoint.ts'
import { keepAsIssued } from '../issuing/as-issued.ts'
import { CODES } from '../protocol/codes.ts'
import { licenseKey } from '../protocol/fields.ts'
import { IS_REQUESTED, type KeyOutcome, REQUESTED_KEY_AUTHORITY } from './key-checks.ts'
import { licenseAudit } from './license-audit.ts'

const deletion = defineOperation<KeyOutcome<'deleted' | 'not-found'>>({
  authority: REQUESTED_KEY_AUTHORITY,
  name: 'delete-license-key',
  decision: `(select json_object('kind', iif(license_keys.id is null, 'not-found', 'deleted'),
      'productId', license_keys.product_id)
    from (select 1) left join license_keys on ${IS_REQUESTED})`,
  changes: ['deleted'],
  writes: ({ decided }) => [
    keepAsIssued(`${IS_REQUESTED} and ${decided('deleted')}`),
    `delete from license_keys where ${IS_REQUESTED} and ${decided('deleted')}`,
  ],
  audit: () => licenseAudit(IS_REQUESTED),
})

export const deleteLicenseKey = endpoint({
  path: '/api/v1/delete-license-key',
  summary: 'Delete a license key',
  caller: apiKey('stock'),
  parameters: () => z.object({ license_key: licenseKey }),
  unknownLicenseKey: 'not-found',
  outcomes: { deleted: CODES.licenseKeyDeleted, 'not-found': CODES.deleteLicenseKeyNotFound },
  handle: (call) => perform(call, deletion, { licenseKey: call.parameters.license_key ?? null }),
})
