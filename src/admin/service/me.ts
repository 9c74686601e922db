/** `GET /admin/v1/me`: whose token this is. */
import { operatorAuthority } from '../../callers/operators.ts'
import { defineQuery, runQuery } from '../../callers/query.ts'
import { adminEndpoint } from '../endpoint.ts'
import { isoInstant } from '../fields.ts'

const RIGHTS = { role: 'viewer', root: true } as const

interface Me {
  readonly kind: 'found'
  readonly id: number
  readonly name: string
  readonly email: string | null
  readonly expiresAt: number | null
}

const select = defineQuery<Me>(
  operatorAuthority(RIGHTS),
  `json_object('kind', 'found', 'id', caller.id, 'name', caller.name, 'email', caller.email,
    'expiresAt', caller.expires_at)`,
)

export const me = adminEndpoint({
  method: 'GET',
  path: '/me',
  summary: 'Show whose token this is',
  ...RIGHTS,
  problems: {},
  handle: (call) => runQuery(call, select),
  answer: ({ id, name, email, expiresAt }, { role }) => ({
    body: { id, name, email, role, expires_at: isoInstant(expiresAt) },
  }),
})
