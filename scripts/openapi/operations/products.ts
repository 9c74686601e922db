import type { OperationText } from '../operation.ts'

const PRODUCT_METADATA = { product_id: 3, key: 'channel' }

export const productsOperations: readonly OperationText[] = [
  {
    path: '/api/v1/create-product',
    summary: 'Adds a product',
    details: 'License keys are issued for a product; the answer tells its id.',
    codes: ['productCreated', 'productToCreateIncorrect'],
    example: {
      request: { name: 'Photo editor', description: 'Edits photos.', source: 'internal', status: 'active' },
      fields: { product_id: 3 },
    },
  },
  {
    path: '/api/v1/update-product',
    summary: 'Changes a product; what is left out stays as it is',
    details: 'While a product is `inactive`, its license keys answer 203, and none are issued.',
    codes: ['productUpdated', 'productToUpdateIncorrect'],
    example: { request: { product_id: 3, name: 'Photo editor 2' } },
  },
  {
    path: '/api/v1/create-product-meta',
    summary: 'Gives a product a value under a name',
    details: "For the seller's own use: a text under a name that the product does not have yet (else 272).",
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
    details: 'The name must be there already (else 372).',
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
    details: 'By ascending id. Deleted products are left out.',
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
    details: 'The name must be there (else 481).',
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
    details: 'For good: its license keys answer 203 from then on.',
    codes: ['productDeleted', 'productToDeleteNotFound'],
    example: { request: { product_id: 3 } },
  },
]
