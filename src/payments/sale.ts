/**
 * What a purchase writes: an issuance for each line that an active offer knows, its license keys, and what is
 * to be delivered. A line is issued at most once, whatever event tells of it: its order and its own name are
 * the issuance's idempotency key.
 *
 * Placeholders: `provider`, `order`, `lines` (OrderLine[] as JSON), `nonce`, `now`, `ownerName`, `ownerEmail`,
 * `hasWebhook`, `hasEmail` (0 or 1), and those of the billing period.
 */
import { sql } from 'drizzle-orm'
import { build, compile, compileText, fragment } from '../db/batch.ts'
import { issuances, licenseKeys, offers } from '../db/schema/index.ts'
import { issuanceColumns, licenseKeyColumns, QUANTITY_LIMIT } from '../issuing/issuance.ts'
import { NOT_SET } from '../protocol/owner.ts'
import { FRESH_KEYS_MAX } from './order-lines.ts'
import { WHOLE_ORDER } from './purchase.ts'

const ph = sql.placeholder

const ACTIVATION_LIMIT_MAX = 1_000_000

/** The offer of the first external id that has one. */
const OFFER_OF_LINE = `(select candidates.id from json_each(line.value, '$.externalIds') as wanted
  cross join offers as candidates on candidates.external_id = wanted.value and candidates.provider = :provider
  cross join products as sold on sold.id = candidates.product_id and sold.status = 'active'
  order by wanted.key limit 1)`

/** An order whose event told no lines is never issued besides its lines, and the other way round. */
const IS_ISSUED_OTHERWISE = `exists (select 1 from order_lines where order_lines.provider = :provider
  and order_lines.order_id = :order
  and (order_lines.line = '${WHOLE_ORDER}') <> (line.value ->> 'id' = '${WHOLE_ORDER}'))`

const units = sql`(line.value ->> 'units')`
const quantity = sql`case ${offers.mode} when 'seats' then 1 else ${units} * ${offers.keysPerUnit} end`
const activationLimit = sql`case ${offers.mode} when 'seats' then ${units} else 1 end * ${offers.activationLimit}`

const insertIssuances = compile(
  build
    .insert(issuances)
    .select(
      build
        .select(
          issuanceColumns({
            source: sql`${ph('provider')}`,
            idempotencyKey: sql`line.value ->> 'idempotencyKey'`,
            nonce: sql`${ph('nonce')}`,
            productId: sql`${offers.productId}`,
            quantity,
            ownerName: sql`${ph('ownerName')}`,
            ownerEmail: sql`${ph('ownerEmail')}`,
            validityDays: sql`${offers.validityDays}`,
            activationLimit,
            createdAt: sql`${ph('now')}`,
          }),
        )
        .from(sql`json_each(${ph('lines')}) as line`)
        .innerJoin(offers, sql`${offers.id} = ${fragment(OFFER_OF_LINE)}`)
        .where(
          sql`${quantity} <= json_array_length(line.value, '$.licenseKeys')
            and ${activationLimit} <= ${sql.raw(String(ACTIVATION_LIMIT_MAX))}
            and not ${fragment(IS_ISSUED_OTHERWISE)}`,
        ),
    )
    .onConflictDoNothing(),
)

/** The issuances that this attempt wrote, with their lines: only it knows its nonce. */
const MY_ISSUANCES = `json_each(:lines) as line cross join issuances on issuances.source = :provider
  and issuances.idempotency_key = line.value ->> 'idempotencyKey' and issuances.nonce = :nonce`

const insertLicenseKeys = compile(
  build.insert(licenseKeys).select(
    build
      .select(licenseKeyColumns(sql`fresh.value`))
      .from(sql`json_each(${ph('lines')}) as line`)
      .crossJoin(issuances)
      .crossJoin(sql`json_each(line.value, '$.licenseKeys') as fresh`)
      .where(
        sql`${issuances.source} = ${ph('provider')} and ${issuances.nonce} = ${ph('nonce')}
          and ${issuances.idempotencyKey} = line.value ->> 'idempotencyKey' and fresh.key < ${issuances.quantity}`,
      ),
  ),
)

const insertOrderLines = compileText(`
insert into order_lines (issuance_id, provider, order_id, line, units)
select issuances.id, :provider, :order, line.value ->> 'id', line.value ->> 'units' from ${MY_ISSUANCES}`)

/** One row for each way to the seller and the buyer that is open. */
const insertDeliveries = compileText(`
insert into deliveries (issuance_id, channel, status, due_at, created_at, updated_at)
select issuances.id, channels.value, 'pending', :now, :now, :now
from ${MY_ISSUANCES} cross join products on products.id = issuances.product_id
cross join json_each('["webhook","email"]') as channels
where case channels.value when 'webhook' then :hasWebhook or products.delivery_webhook_url is not null
  else :hasEmail and issuances.owner_email <> '${NOT_SET}' end`)

/** The period that the purchase itself pays for, also where its renewal event came first. */
export const insertFirstPeriod = compileText(`
insert into renewals (provider, subscription, period, order_id, is_first, nonce)
values (:provider, :subscription, :period, :order, 1, :nonce)
on conflict (provider, subscription, period, order_id) do update set is_first = 1 where is_first = 0`)

export const INSERT_SALE = [insertIssuances, insertOrderLines, insertLicenseKeys, insertDeliveries] as const

/** The lines for which no keys exist, after the sale was written. */
const MISSING_LINES = `json_each(:lines) as line where not exists (select 1 from order_lines
    where order_lines.provider = :provider and order_lines.order_id = :order
    and order_lines.line = line.value ->> 'id')
  and not ${IS_ISSUED_OTHERWISE}`

/** What became of the purchase. */
export const SALE_OUTCOME = `case
  when exists (select 1 from ${MISSING_LINES} and ${OFFER_OF_LINE} is null) then 'unmapped'
  when exists (select 1 from ${MISSING_LINES}) then 'failed'
  when exists (select 1 from ${MY_ISSUANCES}) then 'issued'
  else 'duplicate' end`

export const SALE_NOTE = `coalesce(
  (select 'no active offer for ' || group_concat(coalesce(line.value ->> '$.externalIds[0]', 'what was sold'), ', ')
    from ${MISSING_LINES} and ${OFFER_OF_LINE} is null),
  (select 'more than ${QUANTITY_LIMIT} keys or ${ACTIVATION_LIMIT_MAX} activations in a line, or ${FRESH_KEYS_MAX} keys in all'
    from ${MISSING_LINES} limit 1))`
