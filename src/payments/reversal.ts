/**
 * What refunds, disputes and their ends write: one row for each, which says whether it holds. Of several news
 * about the same one the latest is kept, in whatever order they arrive, also before the order itself is known.
 *
 * Placeholders: `provider`, `reversal`, `order`, `lines` (JSON or null), `isActive`, `occurredAt`, `phase`,
 * `nonce`, and those of settle.ts.
 */
import { compileText } from '../db/batch.ts'
import { AFFECTED_LINES } from './settle.ts'

export const upsertReversal = compileText(`
insert into reversals (provider, reversal_id, reference, lines, is_active, occurred_at, phase, nonce)
values (:provider, :reversal, :order, :lines, :isActive, :occurredAt, :phase, :nonce)
on conflict (provider, reversal_id) do update set
  reference = excluded.reference, lines = excluded.lines, is_active = excluded.is_active,
  occurred_at = excluded.occurred_at, phase = excluded.phase, nonce = excluded.nonce
where (excluded.occurred_at, excluded.phase) > (reversals.occurred_at, reversals.phase)`)

const IS_NEWS = `exists (select 1 from reversals
  where provider = :provider and reversal_id = :reversal and nonce = :nonce)`

const IS_ORDER_KNOWN = `exists (${AFFECTED_LINES} select 1 from lines)`

/** Units taken back that are no whole key, of several seats on one key or of a line that is not known, block nothing. */
const HAS_EFFECT = `exists (${AFFECTED_LINES} select 1 from lines where keys_blocked > 0)
  or exists (${AFFECTED_LINES} select 1 from named
    cross join renewals on renewals.provider = :provider and renewals.order_id = named.order_id
    where renewals.is_first = 0)`

export const REFUND_OUTCOME = `case when not ${IS_NEWS} then 'duplicate'
  when ${IS_ORDER_KNOWN} and not (${HAS_EFFECT}) then 'flagged' else 'revoked' end`

export const REINSTATEMENT_OUTCOME = `case when ${IS_NEWS} then 'reinstated' else 'duplicate' end`

export const REVERSAL_NOTE = `case when not ${IS_ORDER_KNOWN} then 'of an order that is not known yet' end`
