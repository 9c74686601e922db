import type { OperationText } from '../operation.ts'
import { METADATA, USE } from './requests.ts'

export const useOperations: readonly OperationText[] = [
  {
    path: '/api/v1/activate',
    summary: 'Activates a license key on a device or domain',
    details:
      'Activated again on the same device or domain, it is the same activation (301). What is wrong is said ' +
      'in this order: 210, 215, 201, 203, 204, 205, and then about the activation.',
    codes: [
      'licenseKeyActivated',
      'licenseKeyAlreadyActive',
      'activationLimitReached',
      'licenseKeyNotAssigned',
      'productNotActive',
      'licenseKeyBlocked',
      'licenseKeyExpired',
      'licenseKeyInvalid',
      'identifierRequired',
    ],
    example: { request: USE },
  },
  {
    path: '/api/v1/verify',
    summary: 'Whether a license key is valid on a device or domain',
    details:
      'Changes nothing. What is wrong is said in this order: 210, 215, 201, 203, 204, 205, 202. It may ask ' +
      'the nearest replica of the database, and be behind by a moment.',
    codes: [
      'licenseKeyValid',
      'licenseKeyNotAssigned',
      'activationNotFound',
      'productNotActive',
      'licenseKeyBlocked',
      'licenseKeyExpired',
      'licenseKeyInvalid',
      'identifierRequired',
    ],
    isReading: true,
    example: { request: USE },
  },
  {
    path: '/api/v1/create-license-key-meta',
    summary: 'Gives a license key a value under a name',
    details:
      "For the seller's own use: a text under a name that the key does not have yet (else 452). The key must " +
      'be assigned, and need not be activated.',
    codes: [
      'metadataCreated',
      'licenseKeyNotAssigned',
      'licenseKeyInvalid',
      'metadataToCreateKeyRequired',
      'metadataToCreateValueRequired',
      'metadataExists',
    ],
    example: { request: { ...METADATA, value: 'basic' }, fields: { meta_id: 1 } },
  },
  {
    path: '/api/v1/update-license-key-meta',
    summary: 'Gives a license key another value under a name',
    details:
      'The name must be there already (else 352). The key must be assigned, and need not be activated.',
    codes: [
      'metadataUpdated',
      'licenseKeyNotAssigned',
      'licenseKeyInvalid',
      'metadataToUpdateKeyRequired',
      'metadataToUpdateValueRequired',
      'metadataToUpdateNotFound',
    ],
    example: { request: { ...METADATA, value: 'pro' }, fields: { meta_id: 1 } },
  },
  {
    path: '/api/v1/get-license-key-details',
    summary: 'What is known of a license key, where it is activated',
    details:
      'Changes nothing. Tells owner, limits and metadata of the key, and its product, to whoever has ' +
      'activated it. What is wrong is said in the order of `verify`, and it may be behind by a moment as ' +
      'well.',
    codes: [
      'activeLicenseKeyFound',
      'licenseKeyNotAssigned',
      'activationNotFound',
      'productNotActive',
      'licenseKeyBlocked',
      'licenseKeyExpired',
      'licenseKeyInvalid',
      'identifierRequired',
    ],
    isReading: true,
    example: {
      request: USE,
      fields: {
        licenseKey: {
          id: 1,
          license_key: 'DEMO-2F8K-1',
          owner_name: 'Ada Lovelace',
          owner_email: 'ada@example.com',
          activation_limit: 3,
          validity: 365,
          assigned_at: '2026-11-24 08:30:00',
          meta_data: [{ key: 'plan', value: 'pro' }],
          expires_at: '2027-11-24 08:30:00',
        },
        product: {
          id: 1,
          external_reference: '',
          source: 'internal',
          name: 'Demo product',
          post_url: '',
          description: '',
          meta_data: [],
        },
      },
    },
  },
  {
    path: '/api/v1/delete-license-key-meta',
    summary: 'Takes a value away from a license key',
    details: 'The key must be assigned, and need not be activated.',
    codes: [
      'metadataDeleted',
      'licenseKeyNotAssigned',
      'licenseKeyInvalid',
      'metadataToDeleteKeyRequired',
      'metadataToDeleteNotFound',
    ],
    example: { request: METADATA },
  },
  {
    path: '/api/v1/deactivate',
    summary: 'Ends the activation of a license key on a device or domain',
    details:
      'Another device or domain may then take its place. The code 400 is the text `"400"`, as the protocol ' +
      'has it.',
    codes: ['licenseKeyDeactivated', 'licenseKeyAlreadyInactive', 'licenseKeyInvalid', 'identifierRequired'],
    example: { request: USE },
  },
]
