/** `GET /admin/v1/licenses`: finds license keys, or lists them, newest first. */
import { done } from '../../callers/caller.ts'
import { operatorAuthority } from '../../callers/operators.ts'
import { defineQuery, runQuery } from '../../callers/query.ts'
import { LICENSE_KEY_STATUSES } from '../../db/schema/index.ts'
import { PROVIDER_NAMES } from '../../payments/provider.ts'
import { choice, optional, plainText } from '../../protocol/fields.ts'
import { type CursorValue, encodeCursor, limitOf, page } from '../cursor.ts'
import { adminEndpoint } from '../endpoint.ts'
import { instant, productId } from '../fields.ts'
import { LICENSE, type License, licenseBody } from './license.ts'
import { pageOfLicenses } from './search.ts'

const RIGHTS = { role: 'viewer' } as const
const AUTHORITY = operatorAuthority(RIGHTS)

/** A page looks at this many keys at most, so that it reads at most 10,000 rows. A search reads more rows for each. */
const CANDIDATES_MAX = { ofSearch: 1_900, ofList: 3_200 }

interface Found {
  readonly position: readonly CursorValue[]
  /** 0: it is here because it is the last key that the page looked at. */
  readonly isMatch: 0 | 1
  /** 1: the page looked at as many keys as it may. */
  readonly isEnd: 0 | 1
  readonly license: License
}

type Listed =
  | { readonly kind: 'listed'; readonly found: readonly Found[] }
  | { readonly kind: 'several-searches' }

const IS_VIEWER = `(select operators.role from operators where ${AUTHORITY.isCaller}) = 'viewer'`

const selectPage = defineQuery<Listed>(AUTHORITY, `json_object('kind', 'listed')`, {
  found: (allowed) => `
    ${pageOfLicenses(`exists (select 1 from ${allowed})`, IS_VIEWER)}
    select page.n as place, json_object('position', json_array(scan, text, page.place, key_id),
      'isMatch', is_match, 'isEnd', page.n = :candidatesMax, 'license', ${LICENSE}) as item
    from page cross join license_keys on license_keys.id = page.key_id
    cross join products on products.id = license_keys.product_id`,
})

const SEARCHES = ['q', 'key', 'email', 'name', 'order'] as const

export const listLicenses = adminEndpoint({
  method: 'GET',
  path: '/licenses',
  summary: 'Find and list licenses',
  ...RIGHTS,
  query: () => ({
    q: optional(plainText('q', 255)),
    key: optional(plainText('key', 255)),
    email: optional(plainText('email', 255)),
    name: optional(plainText('name', 255)),
    order: optional(plainText('order', 255)),
    status: optional(choice('status', LICENSE_KEY_STATUSES)),
    product_id: optional(productId),
    issued_from: optional(instant('issued_from')),
    issued_before: optional(instant('issued_before')),
    ...page(),
  }),
  problems: {
    'several-searches': {
      code: 'invalid-request',
      describe: () => ({ errors: { q: [`Send only one of the fields ${SEARCHES.join(', ')}.`] } }),
    },
  },

  async handle(call) {
    const { query, now } = call
    const [search, ...others] = SEARCHES.filter((name) => query[name] !== undefined)
    if (others.length > 0) return done<Listed>({ kind: 'several-searches' }, now)
    const [scan = 0, afterText = null, afterIssuance = 0, afterKey = 0] = query.cursor ?? []
    const isFor = (name: (typeof SEARCHES)[number]) => Number(search === 'q' || search === name)
    return runQuery(call, selectPage, {
      text: search === undefined ? '' : query[search],
      byOrder: isFor('order'),
      byEmail: isFor('email'),
      byName: isFor('name'),
      byKey: isFor('key'),
      all: Number(search === undefined),
      providers: JSON.stringify(PROVIDER_NAMES),
      ...{ scan, afterText, afterIssuance, afterKey },
      candidatesMax: candidatesMax(search),
      limit: limitOf(query),
      status: query.status ?? null,
      productId: query.product_id ?? null,
      issuedFrom: query.issued_from ?? null,
      issuedBefore: query.issued_before ?? null,
    })
  },

  answer({ found }, { call: { query }, role }) {
    const limit = limitOf(query)
    const shown = found.filter(({ isMatch }) => isMatch === 1).slice(0, limit)
    const last = found.length > limit ? shown.at(-1) : found.find(({ isEnd }) => isEnd === 1)
    return {
      body: {
        items: shown.map(({ license }) => licenseBody(license, role)),
        next_cursor: last === undefined ? null : encodeCursor(last.position),
      },
    }
  },
})

function candidatesMax(search: string | undefined): number {
  return search === undefined ? CANDIDATES_MAX.ofList : CANDIDATES_MAX.ofSearch
}
