import type { OperationText } from '../operation.ts'
import { OWNER } from './requests.ts'

export const listOperations: readonly OperationText[] = [
  {
    path: '/api/v1/get-license-keys',
    summary: 'List license keys',
    details:
      'By ascending id, 100 on a page by default. A page that is not full is the last one. Owners must ' +
      'match exactly.',
    codes: ['licenseKeys', 'incorrectData'],
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
]
