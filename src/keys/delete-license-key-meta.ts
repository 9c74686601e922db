/** `POST /api/v1/delete-license-key-meta`: takes away what a license key has under a name. */
import * as z from 'zod/mini'
import { authenticatedEndpoint } from '../http/authenticated.ts'
import { answerToOperation } from '../protocol/answers.ts'
import { CODES, type Code } from '../protocol/codes.ts'
import { deleteLicenseKeyMetadata, type MetadataDeleted } from './license-key-metadata.ts'
import { METADATA_KEY_PARAMETERS, metadataOrderOf } from './license-key-metadata-fields.ts'
import { deviceIdentifier, UNUSABLE } from './license-key-use.ts'

const DELETED: Record<MetadataDeleted['kind'], Code> = {
  'license-key-unknown': UNUSABLE['license-key-unknown'],
  'not-assigned': UNUSABLE['not-assigned'],
  'key-missing': CODES.metadataToDeleteKeyRequired,
  'not-found': CODES.metadataToDeleteNotFound,
  deleted: CODES.metadataDeleted,
}

export const deleteLicenseKeyMeta = authenticatedEndpoint({
  path: '/api/v1/delete-license-key-meta',
  access: 'stock',
  parameters: () => z.object(METADATA_KEY_PARAMETERS),
  deviceIdentifier,

  async handle({ settings, parameters, request }) {
    const deleted = await deleteLicenseKeyMetadata(settings.db, request, metadataOrderOf(parameters))
    return answerToOperation(settings, deleted, (outcome) => ({
      code: DELETED[outcome.kind],
      signedByProduct: outcome.productId,
    }))
  },
})
