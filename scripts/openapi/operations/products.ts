import type { OperationText } from '../operation.ts'

const PRODUCT_METADATA = { product_id: 3, key: 'channel' }

export const productsOperations: readonly OperationText[] = [
  {
    path: '/api/v1/create-product',
    summary: 'Adds a product',
    codes: ['productCreated', 'productToCreateIncorrect'],
    example: {
      request: { name: 'Photo editor', description: 'Edits photos.', source: 'internal', status: 'active' },
      fields: { product_id: 3 },
    },
  },
  {
    path: '/api/v1/update-product',
    summary: 'Changes a product; what is left out stays as it is',
    codes: ['productUpdated', 'productToUpdateIncorrect'],
    example: { request: { product_id: 3, name: 'Photo editor 2' } },
  },
  {
    path: '/api/v1/create-product-meta',
    summary: 'Gives a product a value under a name',
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
    summary: 'Gives a product another value under a name',
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
    summary: 'All products, with their metadata',
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
    summary: 'Takes a value away from a product',
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
    summary: 'Deletes a product; what was issued for it stays',
    codes: ['productDeleted', 'productToDeleteNotFound'],
    example: { request: { product_id: 3 } },
  },
]
