/** Statements that record an event with its outcome and its note, after all of its effects were written. */
import { recordEvent } from './events.ts'
import { SALE_NOTE, SALE_OUTCOME } from './sale.ts'
import { HAS_SETTLED, REFUND_OUTCOME, REINSTATEMENT_OUTCOME, REVERSAL_NOTE } from './settle.ts'
import { IS_NEW_PERIOD, IS_NEW_REPORT, IS_REPORTED_KNOWN, PLAN_FAULT } from './subscriptions.ts'

export const recordSale = recordEvent(SALE_OUTCOME, SALE_NOTE)
/** A sale that was issued before may still change the plan of its subscription. */
export const recordSubscriptionSale = recordEvent(
  `(select case when outcome <> 'duplicate' then outcome when ${PLAN_FAULT} is not null then 'flagged'
    when ${HAS_SETTLED} then 'changed' else outcome end from (select ${SALE_OUTCOME} as outcome))`,
  `coalesce(${SALE_NOTE}, ${PLAN_FAULT})`,
)
/** A shop reports the whole state of an order: that it is paid, and what of it was refunded. */
export const recordOrderState = recordState(SALE_OUTCOME, SALE_NOTE)
export const recordRefund = recordEvent(REFUND_OUTCOME, REVERSAL_NOTE)
export const recordReinstatement = recordEvent(REINSTATEMENT_OUTCOME, REVERSAL_NOTE)
const RENEWAL_OUTCOME = `case when ${PLAN_FAULT} is not null then 'flagged' when ${IS_NEW_PERIOD} then 'renewed'
  when ${HAS_SETTLED} then 'changed' else 'duplicate' end`
const RENEWAL_NOTE = `coalesce(${PLAN_FAULT}, case when not ${IS_REPORTED_KNOWN} then 'unknown subscription' end)`
export const recordRenewal = recordEvent(RENEWAL_OUTCOME, RENEWAL_NOTE)
/** Like `recordOrderState`, for an order that renews a subscription. */
export const recordRenewalState = recordState(RENEWAL_OUTCOME, RENEWAL_NOTE)
export const recordReport = recordEvent(
  `case when ${PLAN_FAULT} is not null then 'flagged' when ${HAS_SETTLED} then 'changed'
    when ${IS_NEW_REPORT} then 'ignored' else 'duplicate' end`,
  `coalesce(${PLAN_FAULT}, case when not ${IS_REPORTED_KNOWN} then 'unknown subscription'
    when not ${HAS_SETTLED} and ${IS_NEW_REPORT} then 'changes no license key' end)`,
)
export const recordNotice = recordEvent(':outcome', ':note')

function recordState(outcome: string, note: string) {
  return recordEvent(
    `(select case when outcome not in ('duplicate', 'changed') or :isActive = 0 then outcome else ${REFUND_OUTCOME} end
      from (select ${outcome} as outcome))`,
    `coalesce(${note}, case when :isActive = 1 then ${REVERSAL_NOTE} end)`,
  )
}
