/** `/admin/v1/blocklist`: networks, devices and domains whose requests are refused, whatever API key they have. */
import { auditSubject } from '../../callers/audit.ts'
import { done } from '../../callers/caller.ts'
import { canonicalNetwork } from '../../callers/networks.ts'
import { defineOperation, perform } from '../../callers/operation.ts'
import { operatorAuthority } from '../../callers/operators.ts'
import { choice, optional, plainText } from '../../protocol/fields.ts'
import { page } from '../cursor.ts'
import { adminEndpoint } from '../endpoint.ts'
import { isoInstant } from '../fields.ts'
import { listById, pageById } from '../list-by-id.ts'

const READ = { role: 'viewer' } as const
const WRITE = { role: 'owner' } as const
const WRITERS = operatorAuthority(WRITE)

const kind = choice('kind', ['network', 'identifier'])

interface Entry {
  readonly id: number
  readonly kind: 'network' | 'identifier'
  readonly value: string
  /** Milliseconds UTC. */
  readonly createdAt: number
}

/** SQL: the `Entry` of a row of `blocklist`, as JSON. */
const ENTRY = `json_object('id', blocklist.id, 'kind', blocklist.kind, 'value', blocklist.value,
  'createdAt', blocklist.created_at)`

function entryBody({ id, kind, value, createdAt }: Entry) {
  return { id, kind, value, created_at: isoInstant(createdAt) }
}

const selectEntries = listById<Entry>(READ, {
  table: 'blocklist',
  item: ENTRY,
  where: '(:kind is null or blocklist.kind = :kind)',
})

export const listBlocklist = adminEndpoint({
  method: 'GET',
  path: '/blocklist',
  summary: 'List what is blocked',
  ...READ,
  query: () => ({ kind: optional(kind), ...page() }),
  problems: {},
  handle: (call) => selectEntries(call, { kind: call.query.kind ?? null }),
  answer: ({ items }, { call }) => ({ body: pageById(items, call.query, entryBody) }),
})

const IS_ENTRY = 'blocklist.kind = :kind and blocklist.value = :value'
const ENTRY_ID = `(select blocklist.id from blocklist where ${IS_ENTRY})`

/** SQL for the audit. */
const STATE = `json_object('kind', blocklist.kind, 'value', blocklist.value)`

/** `same`: it is blocked already. */
type Added = { readonly kind: 'created' | 'same'; readonly entry: Entry } | { readonly kind: 'value-invalid' }

const add = defineOperation<Added>({
  authority: WRITERS,
  name: 'blocklist.create',
  decision: `iif(exists (select 1 from blocklist where ${IS_ENTRY}),
    json_object('kind', 'same', 'entry', (select json(${ENTRY}) from blocklist where ${IS_ENTRY})),
    json_object('kind', 'created'))`,
  changes: ['created'],
  writes: ({ decided, addToOutcome }) => [
    `insert into blocklist (kind, value, created_at) select :kind, :value, :now where ${decided('created')}`,
    addToOutcome(`'$.entry', json((select ${ENTRY} from blocklist where ${IS_ENTRY}))`, 'created'),
  ],
  audit: () => ({
    subject: auditSubject('blocklist', ENTRY_ID),
    state: `(select ${STATE} from blocklist where ${IS_ENTRY})`,
  }),
})

export const addToBlocklist = adminEndpoint({
  method: 'POST',
  path: '/blocklist',
  summary: 'Block a network, device or domain',
  ...WRITE,
  body: () => ({ kind, value: plainText('value', 255) }),
  problems: {
    'value-invalid': {
      code: 'invalid-request',
      describe: () => ({
        errors: { value: ['The value field must be an IP address or a network, such as 203.0.113.0/24.'] },
      }),
    },
  },
  async handle({ body, ...call }) {
    const value = body.kind === 'network' ? canonicalNetwork(body.value) : body.value
    if (value === undefined) return done<Added>({ kind: 'value-invalid' }, call.now)
    return perform(call, add, { kind: body.kind, value })
  },
  answer: ({ entry }) => ({ status: 201, body: entryBody(entry) }),
})

interface Removed {
  readonly kind: 'removed' | 'not-found'
}

const remove = defineOperation<Removed>({
  authority: WRITERS,
  name: 'blocklist.delete',
  decision: `json_object('kind', iif(exists (select 1 from blocklist where id = :id), 'removed', 'not-found'))`,
  changes: ['removed'],
  writes: ({ decided }) => [`delete from blocklist where id = :id and ${decided('removed')}`],
  audit: () => ({
    subject: auditSubject('blocklist', ':id'),
    state: `(select ${STATE} from blocklist where id = :id)`,
  }),
})

export const removeFromBlocklist = adminEndpoint({
  method: 'DELETE',
  path: '/blocklist/:id',
  summary: 'Unblock a network, device or domain',
  ...WRITE,
  problems: { 'not-found': 'not-found' },
  handle: (call) => perform(call, remove, { id: call.path.id }),
  answer: () => ({ status: 204 }),
})

export const BLOCKLIST_ENDPOINTS = [listBlocklist, addToBlocklist, removeFromBlocklist]
