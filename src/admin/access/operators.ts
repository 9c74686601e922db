/** `/admin/v1/operators`: who may use the admin API. Root and owners manage them. */

import { auditSubject } from '../../callers/audit.ts'
import { defineOperation, perform, type WriteSql } from '../../callers/operation.ts'
import { operatorAuthority, ROLES } from '../../callers/operators.ts'
import { sha256HexOfText } from '../../platform/hash.ts'
import { choice, emailAddress, optional, plainText } from '../../protocol/fields.ts'
import { page } from '../cursor.ts'
import { adminEndpoint } from '../endpoint.ts'
import {
  etagOf,
  instant,
  isOtherVersion,
  isoInstant,
  NEXT_VERSION,
  orNull,
  PROBLEMS_OF_CHANGES,
} from '../fields.ts'
import { listById, pageById } from '../list-by-id.ts'
import { newSecret, withSecret } from './new-secret.ts'

const RIGHTS = { role: 'owner', root: true } as const
const AUTHORITY = operatorAuthority(RIGHTS)

interface Operator {
  readonly id: number
  readonly name: string
  readonly email: string | null
  readonly role: string
  readonly tokenStart: string
  readonly status: string
  readonly expiresAt: number | null
  readonly lastUsedAt: number | null
  readonly createdAt: number
  readonly updatedAt: number
}

const OPERATOR = `json_object('id', id, 'name', name, 'email', email, 'role', role, 'tokenStart', token_start,
  'status', status, 'expiresAt', expires_at, 'lastUsedAt', last_used_at, 'createdAt', created_at,
  'updatedAt', updated_at)`

/** SQL: the operator with this id, as JSON. Root is not one of them. */
function operatorAt(id: string, json: string = OPERATOR): string {
  return `(select json(${json}) from operators where id = ${id} and role <> 'root')`
}

const STATE = `json_object('name', name, 'email', email, 'role', role, 'status', status, 'expires_at', expires_at)`

function operatorBody(operator: Operator) {
  return {
    id: operator.id,
    name: operator.name,
    email: operator.email,
    role: operator.role,
    token_start: operator.tokenStart,
    status: operator.status,
    expires_at: isoInstant(operator.expiresAt),
    last_used_at: isoInstant(operator.lastUsedAt),
    created_at: isoInstant(operator.createdAt),
    updated_at: isoInstant(operator.updatedAt),
  }
}

const selectOperators = listById<Operator>(RIGHTS, {
  table: 'operators',
  item: OPERATOR,
  where: `role <> 'root'`,
})

export const listOperators = adminEndpoint({
  method: 'GET',
  path: '/operators',
  summary: 'List operators',
  ...RIGHTS,
  query: () => page(),
  problems: {},
  handle: (call) => selectOperators(call),
  answer: ({ items }, { call }) => ({ body: pageById(items, call.query, operatorBody) }),
})

const TOKEN_PREFIX = 'keyseal_'
const TOKEN_START_CHARACTERS = TOKEN_PREFIX.length + 4

/** A new token, and what the database stores of it. */
async function newToken() {
  const token = newSecret(TOKEN_PREFIX)
  return {
    token,
    newTokenHash: await sha256HexOfText(token),
    tokenStart: token.slice(0, TOKEN_START_CHARACTERS),
  }
}

const NAME = plainText('name', 255)
const EMAIL = emailAddress('email')
const ROLE = choice('role', ROLES)
const EXPIRES_AT = instant('expires_at')

interface Created {
  readonly kind: 'created'
  readonly operator: Operator
}

const create = defineOperation<Created>({
  authority: AUTHORITY,
  name: 'operators.create',
  decision: `json_object('kind', 'created')`,
  changes: ['created'],
  writes: ({ decided, addToOutcome }) => [
    `insert into operators (name, email, role, token_hash, token_start, status, expires_at, created_at, updated_at)
     select :name, :email, :role, :newTokenHash, :tokenStart, 'active', :expiresAt, :now, :now where ${decided('created')}`,
    addToOutcome(
      `'$.operator', (select json(${OPERATOR}) from operators where token_hash = :newTokenHash)`,
      'created',
    ),
  ],
  audit: ({ decision }) => ({
    subject: auditSubject('operator', `(${decision} ->> '$.operator.id')`),
    state: operatorAt(`(${decision} ->> '$.operator.id')`, STATE),
  }),
})

export const createOperator = adminEndpoint({
  method: 'POST',
  path: '/operators',
  summary: 'Add an operator',
  ...RIGHTS,
  body: () => ({ name: NAME, role: ROLE, email: optional(EMAIL), expires_at: optional(EXPIRES_AT) }),
  problems: {},
  async handle(call) {
    const { name, role, email, expires_at } = call.body
    const { token, ...stored } = await newToken()
    const values = { name, role, email: email ?? null, expiresAt: expires_at ?? null, ...stored }
    return withSecret(await perform(call, create, values), token)
  },
  answer: ({ operator, secret }) => ({ status: 201, body: { ...operatorBody(operator), token: secret } }),
})

type Changed =
  | { readonly kind: 'changed'; readonly operator: Operator }
  | { readonly kind: 'not-found' | 'version-mismatch' }

const IS_OPERATOR = `operators.id = :id and operators.role <> 'root'`

/** An operation that changes the operator with the id `:id`. @param set SQL */
function changeOperator(name: string, set: string) {
  return defineOperation<Changed>({
    authority: AUTHORITY,
    name,
    decision: `coalesce((select json_object('kind', iif(${isOtherVersion('changed.updated_at')}, 'version-mismatch', 'changed'))
      from operators as changed where changed.id = :id and changed.role <> 'root'), json_object('kind', 'not-found'))`,
    changes: ['changed'],
    writes: ({ decided, addToOutcome }: WriteSql) => [
      `update operators set ${set}, updated_at = ${NEXT_VERSION} where ${IS_OPERATOR} and ${decided('changed')}`,
      addToOutcome(`'$.operator', ${operatorAt(':id')}`, 'changed'),
    ],
    audit: () => ({ subject: auditSubject('operator', ':id'), state: operatorAt(':id', STATE) }),
  })
}

const change = changeOperator(
  'operators.change',
  `name = coalesce(:name, name), role = coalesce(:role, role),
   email = iif(:hasEmail, :email, email), expires_at = iif(:hasExpiry, :expiresAt, expires_at)`,
)

export const patchOperator = adminEndpoint({
  method: 'PATCH',
  path: '/operators/:id',
  summary: 'Change an operator',
  ...RIGHTS,
  body: () => ({
    name: optional(NAME),
    role: optional(ROLE),
    email: orNull(EMAIL),
    expires_at: orNull(EXPIRES_AT),
  }),
  problems: PROBLEMS_OF_CHANGES,
  handle: (call) =>
    perform(call, change, {
      id: call.path.id,
      ifMatch: call.ifMatch,
      name: call.body.name ?? null,
      role: call.body.role ?? null,
      hasEmail: call.body.email === undefined ? 0 : 1,
      email: call.body.email ?? null,
      hasExpiry: call.body.expires_at === undefined ? 0 : 1,
      expiresAt: call.body.expires_at ?? null,
    }),
  answer: ({ operator }) => ({ body: operatorBody(operator), headers: etagOf(operator.updatedAt) }),
})

const rotate = changeOperator(
  'operators.rotate',
  `token_hash = :newTokenHash, token_start = :tokenStart, status = 'active'`,
)

export const rotateOperator = adminEndpoint({
  method: 'POST',
  path: '/operators/:id/rotate',
  summary: 'Give an operator a new token',
  ...RIGHTS,
  problems: PROBLEMS_OF_CHANGES,
  async handle(call) {
    const { token, ...stored } = await newToken()
    const values = { id: call.path.id, ifMatch: call.ifMatch, ...stored }
    return withSecret(await perform(call, rotate, values), token)
  },
  answer: (outcome) => ({ body: { ...operatorBody(outcome.operator), token: outcome.secret } }),
})

const revoke = changeOperator('operators.revoke', `status = 'revoked'`)

export const revokeOperator = adminEndpoint({
  method: 'POST',
  path: '/operators/:id/revoke',
  summary: 'Revoke an operator',
  ...RIGHTS,
  problems: PROBLEMS_OF_CHANGES,
  handle: (call) => perform(call, revoke, { id: call.path.id, ifMatch: call.ifMatch }),
  answer: ({ operator }) => ({ body: operatorBody(operator), headers: etagOf(operator.updatedAt) }),
})

export const OPERATOR_ENDPOINTS = [
  listOperators,
  createOperator,
  patchOperator,
  rotateOperator,
  revokeOperator,
]
