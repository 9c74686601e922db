/** Texts for the OpenAPI description of the endpoints in this folder. */
import { type DocsByPath, OWNER } from '../http/docs.ts'

const USE = { license_key: 'DEMO-2F8K-1', identifier: 'example.com' } as const

const LICENSE_FILE =
  '-----BEGIN MACHINE FILE-----\neyJlbmMiOiJBeG5TZUxDVWFLYkxwU2xLYWZIOXNwNG5uR2ozUnQ2Ui4uLiJ9\n-----END MACHINE FILE-----\n'

const METADATA = { license_key: 'DEMO-2F8K-1', key: 'plan' } as const

export const docs: DocsByPath = {
  '/api/v1/create-license-keys': {
    details:
      'Imports keys from another system, into stock or as assigned. Keys that already exist or are ' +
      'repeated in the list do not change and count as `duplicate`. Adds all other keys, or none.',
    example: {
      request: {
        license_keys: ['DEMO-2F8K-1', 'DEMO-2F8K-2', 'DEMO-2F8K-3'],
        product_id: 1,
        activation_limit: 3,
        validity: 365,
        status: 'available',
      },
      fields: { created: 3, duplicate: 0 },
    },
  },
  '/api/v1/get-available-license-keys-count': {
    details: 'Counts only keys with the status `available`.',
    example: { request: { product_id: 1 }, fields: { count: 3 } },
  },
  '/api/v1/update-license-key': {
    details:
      'Omitted fields do not change, and at least one must be sent. A key that becomes `available` again loses its owner, activations ' +
      'and metadata, and keeps its features. Repeating an earlier order still returns the original response.',
    example: { request: { license_key: 'DEMO-2F8K-3', validity: 30, features: ['pro', 'cloud'] } },
  },
  '/api/v1/delete-license-key': {
    details:
      'Deletes the key with its activations and metadata. Repeating an earlier order still returns the ' +
      'original response.',
    example: { request: { license_key: 'DEMO-2F8K-3' } },
  },
  '/api/v1/assign-license-key': {
    details:
      'Assigns a specific key. Returns 801 if the key is neither in stock nor reserved. A key is assigned ' +
      'only once, even if requests race. Omitted owner fields do not change.',
    example: {
      request: { license_key: 'DEMO-2F8K-1', owner_name: OWNER.owner_name, email: OWNER.owner_email },
    },
  },
  '/api/v1/assign-and-activate-license-key': {
    details:
      'Assigns a specific key and activates it, or does neither. Returns 801 if the key is neither in ' +
      'stock nor reserved.',
    example: {
      request: { license_key: 'DEMO-2F8K-2', identifier: 'example.com', ...OWNER },
    },
  },
  '/api/v1/activate': {
    details:
      'Activates the key on a device or domain. If it is already active there, nothing changes (301). ' +
      'Problems are reported in this order: 210, 215, 201, 203, 204, 205, 301, 302.',
    example: { request: USE },
  },
  '/api/v1/verify': {
    details:
      'Checks whether the key is valid on a device or domain. Changes nothing. Problems are reported in ' +
      'this order: 210, 215, 201, 203, 204, 205, 202. It reads the nearest replica of the database, which ' +
      'may lag slightly.',
    example: { request: USE },
  },
  '/api/v1/check-out': {
    details:
      'Returns a signed license file, which proves offline that the key is valid on this device until the file ends. ' +
      'Problems are reported in this order: 210, 215, 201, 203, 204, 205, 202, 302. Without an `identifier`, the file is ' +
      'valid on any machine, if the product allows it (otherwise 215). A device that is freed keeps its seat until its ' +
      'latest file ends, except for the first three of a license key in 30 days (`RELEASES_MAX`).',
    example: {
      request: { ...USE, activate: 1, encrypt: 0 },
      fields: { license_file: LICENSE_FILE },
    },
  },
  '/api/v1/start-trial': {
    details:
      'Issues a trial license for this device and activates it there. Each device gets one trial of a product, once, which ' +
      'lasts `trial_days` of the product. A repeated request gets the same license key and a new license file while the ' +
      'trial runs (2212), also on a device that was freed. When it is over, the code is 205. So a request needs no ' +
      '`Idempotency-Key`. The license file is encrypted with the license key of the trial, followed by the identifier as it ' +
      'was sent, and `check-out` renews it. A trial needs no conversion: when the buyer activates a bought license key in ' +
      'your app, that one replaces the trial. Problems are reported in this order: 215, 201, 203, 204, 205, 2213, 302.',
    example: {
      request: { product_id: 1, identifier: 'example.com' },
      fields: { license_key: 'd2719a0e-6f0b-4f0e-9d4b-5d1c7a2f9b63', license_file: LICENSE_FILE },
    },
  },
  '/api/v1/create-license-key-meta': {
    details:
      'Stores a value under a name. Returns 452 if the key already has metadata with that name. The key ' +
      'must be assigned, but need not be activated.',
    example: { request: { ...METADATA, value: 'basic' }, fields: { meta_id: 1 } },
  },
  '/api/v1/update-license-key-meta': {
    details:
      'Replaces the value under a name. Returns 352 if the key has no metadata with that name. The key ' +
      'must be assigned, but need not be activated.',
    example: { request: { ...METADATA, value: 'pro' }, fields: { meta_id: 1 } },
  },
  '/api/v1/get-license-key-details': {
    details:
      'Returns the owner, limits, metadata and product of a key that is active on this device or domain. ' +
      'Changes nothing. It reports problems in the same order as `verify`, and may also lag slightly.',
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
  '/api/v1/delete-license-key-meta': {
    details: 'The key must be assigned, but need not be activated.',
    example: { request: METADATA },
  },
  '/api/v1/deactivate': {
    details:
      'Ends the activation on a device or domain and frees its seat. The protocol sends the code 400 as ' +
      'the string `"400"`.',
    example: { request: USE },
  },
  '/api/v1/get-license-keys': {
    details:
      'Sorted by ascending id, with 100 keys per page by default. A page that is not full is the last ' +
      'one. Owners must match exactly.',
    example: {
      request: { product_id: 1, status: 'assigned', items_per_page: 1 },
      fields: {
        license_keys: [
          {
            id: 1,
            product_id: 1,
            license_key: 'DEMO-2F8K-1',
            ...OWNER,
            activation_limit: 3,
            validity: 365,
            assigned_at: '2026-11-24T08:30:00.125000Z',
            status: 'assigned',
            created_at: '2026-11-24T08:30:00.000000Z',
            updated_at: '2026-11-24T08:30:00.000000Z',
          },
        ],
      },
    },
  },
}
