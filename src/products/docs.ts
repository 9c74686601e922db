/** What the API's description says of the endpoints in this folder. */
import type { DocsByPath } from '../http/docs.ts'

const PRODUCT_METADATA = { product_id: 3, key: 'channel' }

export const docs: DocsByPath = {
  '/api/v1/get-all-generators': {
    details:
      "A generator sets the format and the terms of a product's keys. The protocol names the list " +
      '`products`. Generators of deleted products are left out.',
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
  '/api/v1/generate': {
    details:
      "Adds fresh, `available` keys to the stock of the generator's product, on the generator's terms. All " +
      'of them are stored, or none.',
    example: {
      request: { generator_id: 1, quantity: 2 },
      fields: { licenseKeys: ['APP-5TQ8C-MX2VN-H7KPA-WD3GR-ZB9SE', 'APP-U4YNJ-6CFWT-RA8QM-2XVHK-P7DGZ'] },
    },
  },
  '/api/v1/create-product': {
    details: 'License keys are issued for a product. The answer holds its id.',
    example: {
      request: { name: 'Photo editor', description: 'Edits photos.', source: 'internal', status: 'active' },
      fields: { product_id: 3 },
    },
  },
  '/api/v1/update-product': {
    details:
      'Fields that you leave out stay as they are. The license keys of an `inactive` product answer 203, ' +
      'and no new keys are issued.',
    example: { request: { product_id: 3, name: 'Photo editor 2' } },
  },
  '/api/v1/create-product-meta': {
    details: 'Stores a text of yours under a name. If the product already has that name, the answer is 272.',
    example: { request: { ...PRODUCT_METADATA, value: 'beta' } },
  },
  '/api/v1/update-product-meta': {
    details: 'Replaces the text under a name. If the product does not have that name, the answer is 372.',
    example: { request: { ...PRODUCT_METADATA, value: 'stable' } },
  },
  '/api/v1/get-all-products': {
    details: 'By ascending id, with metadata. Deleted products are left out.',
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
    details: 'If the product does not have that name, the answer is 481.',
    example: { request: PRODUCT_METADATA },
  },
  '/api/v1/delete-product': {
    details: 'This cannot be undone. License keys that were issued for the product stay, but answer 203.',
    example: { request: { product_id: 3 } },
  },
}
