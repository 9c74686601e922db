import type { OperationText } from '../operation.ts'

const PRODUCT_METADATA = { product_id: 3, key: 'channel' }

export const productsOperations: readonly OperationText[] = [
  {
    path: '/api/v1/create-product',
    summary: 'Create a product',
    details: 'License keys are issued for a product. The answer holds its id.',
    codes: ['productCreated', 'productToCreateIncorrect'],
    example: {
      request: { name: 'Photo editor', description: 'Edits photos.', source: 'internal', status: 'active' },
      fields: { product_id: 3 },
    },
  },
  {
    path: '/api/v1/update-product',
    summary: 'Update a product',
    details:
      'Fields that you leave out stay as they are. The license keys of an `inactive` product answer 203, ' +
      'and no new keys are issued.',
    codes: ['productUpdated', 'productToUpdateIncorrect'],
    example: { request: { product_id: 3, name: 'Photo editor 2' } },
  },
  {
    path: '/api/v1/create-product-meta',
    summary: 'Add metadata to a product',
    details: 'Stores a text of yours under a name. If the product already has that name, the answer is 272.',
    codes: [
      'productMetadataCreated',
      'productMetadataToCreateKeyRequired',
      'productMetadataToCreateValueRequired',
      'productMetadataExists',
      'productOfMetadataToCreateNotFound',
    ],
    example: { request: { ...PRODUCT_METADATA, value: 'beta' } },
  },
  {
    path: '/api/v1/update-product-meta',
    summary: 'Update metadata of a product',
    details: 'Replaces the text under a name. If the product does not have that name, the answer is 372.',
    codes: [
      'productMetadataUpdated',
      'productMetadataToUpdateKeyRequired',
      'productMetadataToUpdateValueRequired',
      'productMetadataToUpdateNotFound',
      'productOfMetadataToUpdateNotFound',
    ],
    example: { request: { ...PRODUCT_METADATA, value: 'stable' } },
  },
  {
    path: '/api/v1/get-all-products',
    summary: 'List products',
    details: 'By ascending id, with metadata. Deleted products are left out.',
    codes: ['allProducts'],
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
  {
    path: '/api/v1/delete-product-meta',
    summary: 'Delete metadata of a product',
    details: 'If the product does not have that name, the answer is 481.',
    codes: [
      'productMetadataDeleted',
      'productMetadataToDeleteKeyRequired',
      'productMetadataToDeleteNotFound',
      'productOfMetadataToDeleteNotFound',
    ],
    example: { request: PRODUCT_METADATA },
  },
  {
    path: '/api/v1/delete-product',
    summary: 'Delete a product',
    details: 'This cannot be undone. License keys that were issued for the product stay, but answer 203.',
    codes: ['productDeleted', 'productToDeleteNotFound'],
    example: { request: { product_id: 3 } },
  },
]
