import type { OperationText } from '../operation.ts'

export const stockOperations: readonly OperationText[] = [
  {
    path: '/api/v1/create-license-keys',
    summary: 'Takes license keys in that were made elsewhere',
    details:
      'Into stock, or as already assigned. A key that is known already, or stands in the list twice, is ' +
      'counted in `duplicate` and left as it is; all others are written, or none.',
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
    summary: 'How many license keys a product has in stock',
    details: 'Only keys that are `available` count.',
    codes: ['availableCount', 'productToCountNotFound'],
    example: { request: { product_id: 1 }, fields: { count: 3 } },
  },
  {
    path: '/api/v1/update-license-key',
    summary: 'Corrects a license key by hand; what is left out stays as it is',
    details:
      'A key that becomes `available` again is as new: without owner, activations and metadata. What an ' +
      'order was answered is told again to whoever repeats it, also after this.',
    codes: ['licenseKeyUpdated', 'licenseKeyToUpdateIncorrect', 'licenseKeyToUpdateNotFound'],
    example: { request: { license_key: 'DEMO-2F8K-3', validity: 30 } },
  },
  {
    path: '/api/v1/delete-license-key',
    summary: 'Deletes a license key, with all that belongs to it',
    details:
      'Its activations and metadata go with it. What an order was answered is told again to whoever repeats ' +
      'it, also after this.',
    codes: ['licenseKeyDeleted', 'licenseKeyToDeleteNotFound'],
    example: { request: { license_key: 'DEMO-2F8K-3' } },
  },
  {
    path: '/api/v1/get-all-generators',
    summary: 'Every generator, under the name that the protocol gives the list',
    details:
      'A generator gives the keys of a product their format and their terms. Those of deleted products are ' +
      'left out.',
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
    summary: "Fills the stock of a generator's product with fresh license keys",
    details:
      'The keys are `available` afterwards, on the terms of the generator. All of them are stored, or none.',
    codes: ['licenseKeysGenerated', 'generatorNotFound'],
    example: {
      request: { generator_id: 1, quantity: 2 },
      fields: { licenseKeys: ['APP-5TQ8C-MX2VN-H7KPA-WD3GR-ZB9SE', 'APP-U4YNJ-6CFWT-RA8QM-2XVHK-P7DGZ'] },
    },
  },
]
