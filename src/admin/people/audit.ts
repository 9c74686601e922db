/** `GET /admin/v1/audit`: who changed what, newest first. */
import { operatorAuthority } from '../../callers/operators.ts'
import { defineQuery, runQuery } from '../../callers/query.ts'
import { optional, plainText } from '../../protocol/fields.ts'
import { encodeCursor, limitOf, page } from '../cursor.ts'
import { adminEndpoint } from '../endpoint.ts'
import { instant, isoInstant } from '../fields.ts'
import { maskedState } from './masked-state.ts'

const RIGHTS = { role: 'viewer' } as const

/** An export reads long pages. */
const ITEMS_MAX = 1_000
/** A page that finds little in so many entries ends, and the cursor goes on. */
const SEARCHED_MAX = 10_000
/** Later than any entry. */
const LATEST = Number.MAX_SAFE_INTEGER

interface Entry {
  readonly id: number
  readonly at: number
  readonly actor: string
  readonly action: string
  readonly subject: string | null
  readonly reason: string | null
  readonly before: unknown
  readonly after: unknown
}

interface Listed {
  readonly kind: 'listed'
  readonly entries: readonly Entry[]
  /** The last entry that was searched, if there may be more. */
  readonly end: readonly [{ readonly at: number; readonly id: number; readonly searched: number }?]
}

/** @param isSubject SQL. An index finds the entries of a subject; all others are read by time */
function queryOf(isSubject: string) {
  const searched = `(select * from audit_entries
    where ${isSubject} and at >= :from and at < :before and (at, id) < (:cursorAt, :cursorId)
    order by at desc, id desc limit ${SEARCHED_MAX})`
  return defineQuery<Listed>(operatorAuthority(RIGHTS), `json_object('kind', 'listed')`, {
    entries: (allowed) => `
      select row_number() over (order by at desc, id desc) as place, json_object('id', id, 'at', at, 'actor', actor,
        'action', action, 'subject', subject, 'reason', reason, 'before', json(before), 'after', json(after)) as item
      from ${allowed} cross join ${searched} as searched
      where (:actor is null or actor = :actor) and (:action is null or action = :action)
      order by at desc, id desc limit :limit + 1`,
    end: (allowed) => `
      select 1 as place, json_object('at', at, 'id', id, 'searched', count(*) over ()) as item
      from ${allowed} cross join ${searched} as searched order by at, id limit 1`,
  })
}

const selectAll = queryOf('true')
const selectOfSubject = queryOf('subject = :subject')

export const listAudit = adminEndpoint({
  method: 'GET',
  path: '/audit',
  summary: 'List who changed what',
  ...RIGHTS,
  query: () => ({
    actor: optional(plainText('actor', 255)),
    subject: optional(plainText('subject', 255)),
    action: optional(plainText('action', 255)),
    from: optional(instant('from')),
    before: optional(instant('before')),
    ...page(ITEMS_MAX),
  }),
  problems: {},
  handle: (call) => {
    const { actor, subject, action, from, before, cursor } = call.query
    return runQuery(call, subject === undefined ? selectAll : selectOfSubject, {
      actor: actor ?? null,
      subject: subject ?? null,
      action: action ?? null,
      from: from ?? 0,
      before: before ?? LATEST,
      cursorAt: cursor?.[0] ?? LATEST,
      cursorId: cursor?.[1] ?? LATEST,
      limit: limitOf(call.query),
    })
  },
  answer({ entries, end }, { call, role }) {
    const limit = limitOf(call.query)
    const shown = entries.slice(0, limit)
    const [searched] = end
    const isSearchedPart = searched !== undefined && searched.searched >= SEARCHED_MAX
    const last = entries.length > limit ? shown.at(-1) : isSearchedPart ? searched : undefined
    return {
      body: {
        items: shown.map((entry) => bodyOf(entry, role === 'viewer')),
        next_cursor: last === undefined ? null : encodeCursor([last.at, last.id]),
      },
    }
  },
})

/** @param isMasked for viewers. A reason may contain names */
function bodyOf(entry: Entry, isMasked: boolean) {
  const { id, at, actor, action, subject, reason, before, after } = entry
  return {
    id,
    at: isoInstant(at),
    actor,
    action,
    subject,
    reason: isMasked ? null : reason,
    before: isMasked ? maskedState(before) : before,
    after: isMasked ? maskedState(after) : after,
  }
}
