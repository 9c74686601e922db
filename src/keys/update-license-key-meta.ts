/** `POST /api/v1/update-license-key-meta`: gives a license key another value under a name. */
import * as z from 'zod/mini'
import { authenticatedEndpoint } from '../http/authenticated.ts'
import { answerToOperation } from '../protocol/answers.ts'
import { CODES, type Code } from '../protocol/codes.ts'
import { type MetadataUpdated, updateLicenseKeyMetadata } from './license-key-metadata.ts'
import {
  METADATA_BODY_BYTES_MAX,
  METADATA_PARAMETERS,
  metadataOrderOf,
} from './license-key-metadata-fields.ts'
import { deviceIdentifier, UNUSABLE } from './license-key-use.ts'

const UPDATED: Record<MetadataUpdated['kind'], Code> = {
  'license-key-unknown': UNUSABLE['license-key-unknown'],
  'not-assigned': UNUSABLE['not-assigned'],
  'key-missing': CODES.metadataToUpdateKeyRequired,
  'value-missing': CODES.metadataToUpdateValueRequired,
  'not-found': CODES.metadataToUpdateNotFound,
  updated: CODES.metadataUpdated,
}

export const updateLicenseKeyMeta = authenticatedEndpoint({
  path: '/api/v1/update-license-key-meta',
  access: 'stock',
  parameters: () => z.object(METADATA_PARAMETERS),
  bodyBytesMax: METADATA_BODY_BYTES_MAX,
  deviceIdentifier,

  async handle({ settings, parameters, request }) {
    const updated = await updateLicenseKeyMetadata(settings.db, request, metadataOrderOf(parameters))
    return answerToOperation(settings, updated, (outcome) => ({
      code: UPDATED[outcome.kind],
      signedByProduct: outcome.productId,
      ...(outcome.kind === 'updated' && { fields: { meta_id: outcome.metadataId } }),
    }))
  },
})
