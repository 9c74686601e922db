/** `GET /admin/v1/licenses/:id`: all that is stored about one license, except its timeline. */
import { operatorAuthority } from '../../callers/operators.ts'
import { defineQuery, runQuery } from '../../callers/query.ts'
import { adminEndpoint } from '../endpoint.ts'
import { etagOf } from '../fields.ts'
import { DETAILS, type Details, detailLists, detailsBody } from './details.ts'

const RIGHTS = { role: 'viewer' } as const

type Shown = ({ readonly kind: 'found' } & Details) | { readonly kind: 'not-found' }

const select = defineQuery<Shown>(
  operatorAuthority(RIGHTS),
  `coalesce((select json_set(${DETAILS}, '$.kind', 'found') from license_keys
      cross join products on products.id = license_keys.product_id where license_keys.id = :id),
    json_object('kind', 'not-found'))`,
  detailLists('license_keys.id = :id'),
)

export const showLicense = adminEndpoint({
  method: 'GET',
  path: '/licenses/:id',
  summary: 'Show a license',
  ...RIGHTS,
  problems: { 'not-found': 'not-found' },
  handle: (call) => runQuery(call, select, { id: call.path.id }),
  answer: (outcome, { role }) => ({
    body: detailsBody(outcome, role),
    headers: etagOf(outcome.license.updatedAt),
  }),
})
