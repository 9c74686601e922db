import type { OperationText } from '../operation.ts'

export const stockOperations: readonly OperationText[] = [
  {
    path: '/api/v1/create-license-keys',
    summary: 'Add license keys to the stock',
    details:
      'Takes in keys that were made elsewhere, as stock or as already assigned. A key that exists already, ' +
      'or comes twice in the list, stays as it is and counts as `duplicate`. All other keys are written, or ' +
      'none.',
    codes: ['licenseKeysCreated', 'licenseKeysToCreateIncorrect', 'noLicenseKeysCreated'],
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
  {
    path: '/api/v1/get-available-license-keys-count',
    summary: 'Count license keys in stock',
    details: 'Counts only keys that are `available`.',
    codes: ['availableCount', 'productToCountNotFound'],
    example: { request: { product_id: 1 }, fields: { count: 3 } },
  },
  {
    path: '/api/v1/update-license-key',
    summary: 'Update a license key',
    details:
      'Fields that you leave out stay as they are. A key that becomes `available` again loses its owner, ' +
      'activations and metadata. Repeating an earlier order still returns the original answer.',
    codes: ['licenseKeyUpdated', 'licenseKeyToUpdateIncorrect', 'licenseKeyToUpdateNotFound'],
    example: { request: { license_key: 'DEMO-2F8K-3', validity: 30 } },
  },
  {
    path: '/api/v1/delete-license-key',
    summary: 'Delete a license key',
    details:
      'Deletes the key with its activations and metadata. Repeating an earlier order still returns the ' +
      'original answer.',
    codes: ['licenseKeyDeleted', 'licenseKeyToDeleteNotFound'],
    example: { request: { license_key: 'DEMO-2F8K-3' } },
  },
  {
    path: '/api/v1/get-all-generators',
    summary: 'List generators',
    details:
      "A generator sets the format and the terms of a product's keys. The protocol names the list " +
      '`products`. Generators of deleted products are left out.',
    codes: ['allGenerators'],
    example: {
      request: {},
      fields: {
        products: [
          {
            id: 1,
            product_id: 1,
            method: 'chunk-system',
            prefix: 'APP-',
            suffix: '',
            function_name: '',
            number_of_chunks: 5,
            chunk_length: 5,
            activation_limit: 3,
            validity: 365,
            status: 1,
            charset: 'ABCDEFGHJKMNPQRSTUVWXYZ23456789',
            created_at: '2026-11-24T08:30:00.000000Z',
            updated_at: '2026-11-24T08:30:00.000000Z',
          },
        ],
      },
    },
  },
  {
    path: '/api/v1/generate',
    summary: 'Generate license keys into stock',
    details:
      "Adds fresh, `available` keys to the stock of the generator's product, on the generator's terms. All " +
      'of them are stored, or none.',
    codes: ['licenseKeysGenerated', 'generatorNotFound'],
    example: {
      request: { generator_id: 1, quantity: 2 },
      fields: { licenseKeys: ['APP-5TQ8C-MX2VN-H7KPA-WD3GR-ZB9SE', 'APP-U4YNJ-6CFWT-RA8QM-2XVHK-P7DGZ'] },
    },
  },
]
