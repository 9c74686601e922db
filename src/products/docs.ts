/** Texts for the OpenAPI description of the endpoints in this folder. */
import type { DocsByPath } from '../http/docs.ts'

const PRODUCT_METADATA = { product_id: 3, key: 'channel' }

export const docs: DocsByPath = {
  '/api/v1/get-all-generators': {
    details:
      "A generator sets the format and the terms of a product's license keys. Each product has a default one, " +
      'which makes UUIDs. Orders use the newest active generator. The protocol calls the list `products`. ' +
      'Generators of deleted products are left out.',
    example: {
      request: {},
      fields: {
        products: [
          {
            id: 1,
            product_id: 1,
            method: 'uuid',
            prefix: '',
            suffix: '',
            function_name: '',
            number_of_chunks: 4,
            chunk_length: 4,
            activation_limit: 1,
            validity: 0,
            status: 1,
            charset: '0123456789ABCDEF',
            created_at: '2026-11-24T08:30:00.000000Z',
            updated_at: '2026-11-24T08:30:00.000000Z',
          },
          {
            id: 3,
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
  '/api/v1/generate': {
    details:
      "Adds new license keys with the status `available` to the stock of the generator's product. They have " +
      "the generator's format and terms. Either all keys are stored or none.",
    example: {
      request: { generator_id: 3, quantity: 2 },
      fields: { licenseKeys: ['APP-5TQ8C-MX2VN-H7KPA-WD3GR-ZB9SE', 'APP-U4YNJ-6CFWT-RA8QM-2XVHK-P7DGZ'] },
    },
  },
  '/api/v1/create-product': {
    details:
      'License keys are issued for a product. The response has its id. The product gets a default generator ' +
      '(UUIDs, activation limit 1, no expiration), so orders with `generate=1` work immediately.',
    example: {
      request: { name: 'Photo editor', description: 'Edits photos.', source: 'internal', status: 'active' },
      fields: { product_id: 3 },
    },
  },
  '/api/v1/update-product': {
    details:
      'Omitted fields keep their values. If the product is `inactive`, its license keys get 203 and no new ' +
      'license keys are issued.',
    example: { request: { product_id: 3, name: 'Photo editor 2' } },
  },
  '/api/v1/create-product-meta': {
    details:
      'Stores a value of your choice under a key. If the product already has the key, the code is 272.',
    example: { request: { ...PRODUCT_METADATA, value: 'beta' } },
  },
  '/api/v1/update-product-meta': {
    details: 'Replaces the value under a key. If the product does not have the key, the code is 372.',
    example: { request: { ...PRODUCT_METADATA, value: 'stable' } },
  },
  '/api/v1/get-all-products': {
    details: 'Lists products by ascending id, with metadata. Deleted products are left out.',
    example: {
      request: {},
      fields: {
        products: [
          {
            id: 1,
            external_reference: '',
            source: 'internal',
            name: 'Demo product',
            post_url: '',
            description: '',
            status: 'active',
            require_non_expired: 0,
            created_at: '2026-11-24T08:30:00.000000Z',
            updated_at: '2026-11-24T08:30:00.000000Z',
            meta_data: [],
          },
        ],
      },
    },
  },
  '/api/v1/delete-product-meta': {
    details: 'Deletes a key and its value. If the product does not have the key, the code is 481.',
    example: { request: PRODUCT_METADATA },
  },
  '/api/v1/delete-product': {
    details: 'This cannot be undone. License keys that were issued for the product remain, but get 203.',
    example: { request: { product_id: 3 } },
  },
}
