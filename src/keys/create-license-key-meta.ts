/** `POST /api/v1/create-license-key-meta`: gives a license key a value under a name. */
import * as z from 'zod/mini'
import { authenticatedEndpoint } from '../http/authenticated.ts'
import { answerToOperation } from '../protocol/answers.ts'
import { CODES, type Code } from '../protocol/codes.ts'
import { createLicenseKeyMetadata, type MetadataCreated } from './license-key-metadata.ts'
import {
  METADATA_BODY_BYTES_MAX,
  METADATA_PARAMETERS,
  metadataOrderOf,
} from './license-key-metadata-fields.ts'
import { deviceIdentifier, UNUSABLE } from './license-key-use.ts'

const CREATED: Record<MetadataCreated['kind'], Code> = {
  'license-key-unknown': UNUSABLE['license-key-unknown'],
  'not-assigned': UNUSABLE['not-assigned'],
  'key-missing': CODES.metadataToCreateKeyRequired,
  'value-missing': CODES.metadataToCreateValueRequired,
  exists: CODES.metadataExists,
  created: CODES.metadataCreated,
}

export const createLicenseKeyMeta = authenticatedEndpoint({
  path: '/api/v1/create-license-key-meta',
  access: 'stock',
  parameters: () => z.object(METADATA_PARAMETERS),
  bodyBytesMax: METADATA_BODY_BYTES_MAX,
  deviceIdentifier,

  async handle({ settings, parameters, request }) {
    const created = await createLicenseKeyMetadata(settings.db, request, metadataOrderOf(parameters))
    return answerToOperation(settings, created, (outcome) => ({
      code: CREATED[outcome.kind],
      signedByProduct: outcome.productId,
      ...(outcome.kind === 'created' && { fields: { meta_id: outcome.metadataId } }),
    }))
  },
})
