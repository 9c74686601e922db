import type { OperationText } from '../operation.ts'
import { METADATA, USE } from './requests.ts'

export const useOperations: readonly OperationText[] = [
  {
    path: '/api/v1/activate',
    summary: 'Activate a license key',
    details:
      'Activates the key on a device or domain. Activating it there again changes nothing (301). Problems ' +
      'are reported in this order: 210, 215, 201, 203, 204, 205, then those of the activation.',
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
    summary: 'Verify a license key',
    details:
      'Tells whether the key is valid on a device or domain. Changes nothing. Problems are reported in this ' +
      'order: 210, 215, 201, 203, 204, 205, 202. It may read the nearest replica of the database, which can ' +
      'lag by a moment.',
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
    summary: 'Add metadata to a license key',
    details:
      'Stores a text of yours under a name. If the key already has that name, the answer is 452. The key ' +
      'must be assigned, but need not be activated.',
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
    summary: 'Update metadata of a license key',
    details:
      'Replaces the text under a name. If the key does not have that name, the answer is 352. The key must ' +
      'be assigned, but need not be activated.',
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
    summary: 'Get license key details',
    details:
      'Returns owner, limits, metadata and product of a key that is active on this device or domain. ' +
      'Changes nothing. Problems are reported in the order of `verify`. It may lag by a moment, as `verify` ' +
      'may.',
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
    summary: 'Delete metadata of a license key',
    details: 'The key must be assigned, but need not be activated.',
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
    summary: 'Deactivate a license key',
    details:
      'Ends the activation on a device or domain, so that another one can take its place. The code 400 is ' +
      'the text `"400"`, as the protocol has it.',
    codes: ['licenseKeyDeactivated', 'licenseKeyAlreadyInactive', 'licenseKeyInvalid', 'identifierRequired'],
    example: { request: USE },
  },
]
