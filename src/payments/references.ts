/** The names that a provider uses for an order or a payment. Later events may use any of them. */
import { compileText } from '../db/batch.ts'
import { type Amount, isName, type Notice, type PaidPeriod } from './payment-event.ts'

/** A name, the order or payment that it belongs to, and what was paid under it. */
export type Reference = readonly [reference: string, order: string, amount: number | null]

/** Placeholders: `provider` and `references`, a JSON list of `Reference`. */
export const insertReferences = compileText(`
insert into order_references (provider, reference, order_id, amount)
select :provider, value ->> 0, value ->> 1, value ->> 2 from json_each(:references) where true
on conflict do update set amount = excluded.amount where excluded.amount > coalesce(order_references.amount, -1)`)

/** The order's own name and those that the event adds. */
export function referencesOf({ order, references = [] }: Pick<Notice, 'order' | 'references'>): string[] {
  return order === undefined ? [] : [order, ...references.filter(isName)]
}

export function named(order: string, references: readonly string[], amount?: Amount): Reference[] {
  return references
    .filter(isName)
    .map((reference) => [reference, order, amount?.payment === reference ? amount.amount : null])
}

/** A payment is also a name of itself, by which its refund finds the period. */
export function namesOfPayment(period: PaidPeriod | undefined, amount?: Amount): Reference[] {
  return period ? named(period.payment, [period.payment], amount) : []
}

/**
 * SQL for a `with`: `orders`, to which a provider gave the name: an order, a payment or a subscription. The payment of a
 * renewal leads to the order of the subscription. Placeholder: `providers`, a JSON list.
 *
 * @param name SQL
 * @param isOn an SQL condition, without which there are none
 */
export function ordersNamed(name: string, isOn = 'true'): string {
  return `named as materialized (
    select order_references.provider, order_references.order_id from json_each(:providers) as provider
    cross join order_references on order_references.provider = provider.value and order_references.reference = ${name}
    where ${isOn}
  ),
  orders as materialized (
    select provider, order_id from named
    union
    select order_references.provider, order_references.order_id from named
    cross join paid_periods on paid_periods.provider = named.provider and paid_periods.payment = named.order_id
    cross join order_references on order_references.provider = paid_periods.provider
      and order_references.reference = paid_periods.subscription
  )`
}
