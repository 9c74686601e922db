/** What the API's description says of the endpoints in this folder. */
import { type DocsByPath, OWNER } from '../http/docs.ts'

const USE = { license_key: 'DEMO-2F8K-1', identifier: 'example.com' } as const

const METADATA = { license_key: 'DEMO-2F8K-1', key: 'plan' } as const

export const docs: DocsByPath = {
  '/api/v1/create-license-keys': {
    details:
      'Takes in keys that were made elsewhere, as stock or as already assigned. A key that exists already, ' +
      'or comes twice in the list, stays as it is and counts as `duplicate`. All other keys are written, or ' +
      'none.',
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
    details: 'Counts only keys that are `available`.',
    example: { request: { product_id: 1 }, fields: { count: 3 } },
  },
  '/api/v1/update-license-key': {
    details:
      'Fields that you leave out stay as they are. A key that becomes `available` again loses its owner, ' +
      'activations and metadata. Repeating an earlier order still returns the original answer.',
    example: { request: { license_key: 'DEMO-2F8K-3', validity: 30 } },
  },
  '/api/v1/delete-license-key': {
    details:
      'Deletes the key with its activations and metadata. Repeating an earlier order still returns the ' +
      'original answer.',
    example: { request: { license_key: 'DEMO-2F8K-3' } },
  },
  '/api/v1/assign-license-key': {
    details:
      'Assigns one specific key. The key must be in stock or reserved, else the answer is 801. A key is ' +
      'assigned only once, even when requests race. Owner fields that you leave out stay as they are.',
    example: {
      request: { license_key: 'DEMO-2F8K-1', owner_name: OWNER.owner_name, email: OWNER.owner_email },
    },
  },
  '/api/v1/assign-and-activate-license-key': {
    details:
      'Does both or neither. Use it if you know the device or domain when you hand out the key. The key ' +
      'must be in stock or reserved, else the answer is 801.',
    example: {
      request: { license_key: 'DEMO-2F8K-2', identifier: 'example.com', ...OWNER },
    },
  },
  '/api/v1/activate': {
    details:
      'Activates the key on a device or domain. Activating it there again changes nothing (301). Problems ' +
      'are reported in this order: 210, 215, 201, 203, 204, 205, then those of the activation.',
    example: { request: USE },
  },
  '/api/v1/verify': {
    details:
      'Tells whether the key is valid on a device or domain. Changes nothing. Problems are reported in this ' +
      'order: 210, 215, 201, 203, 204, 205, 202. It may read the nearest replica of the database, which can ' +
      'lag by a moment.',
    example: { request: USE },
  },
  '/api/v1/create-license-key-meta': {
    details:
      'Stores a text of yours under a name. If the key already has that name, the answer is 452. The key ' +
      'must be assigned, but need not be activated.',
    example: { request: { ...METADATA, value: 'basic' }, fields: { meta_id: 1 } },
  },
  '/api/v1/update-license-key-meta': {
    details:
      'Replaces the text under a name. If the key does not have that name, the answer is 352. The key must ' +
      'be assigned, but need not be activated.',
    example: { request: { ...METADATA, value: 'pro' }, fields: { meta_id: 1 } },
  },
  '/api/v1/get-license-key-details': {
    details:
      'Returns owner, limits, metadata and product of a key that is active on this device or domain. ' +
      'Changes nothing. Problems are reported in the order of `verify`. It may lag by a moment, as `verify` ' +
      'may.',
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
      'Ends the activation on a device or domain, so that another one can take its place. The code 400 is ' +
      'the text `"400"`, as the protocol has it.',
    example: { request: USE },
  },
  '/api/v1/get-license-keys': {
    details:
      'By ascending id, 100 on a page by default. A page that is not full is the last one. Owners must ' +
      'match exactly.',
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
