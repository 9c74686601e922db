/** `GET /admin/v1/statistics`: what happened to each product on each day. */
import * as z from 'zod/mini'
import { done, type Result } from '../../callers/caller.ts'
import { operatorAuthority } from '../../callers/operators.ts'
import { defineQuery, runQuery } from '../../callers/query.ts'
import { DAY_MILLISECONDS } from '../../protocol/dates.ts'
import { type FieldErrors, optional } from '../../protocol/fields.ts'
import { COUNTED_UNTIL } from '../../statistics/count.ts'
import { DAYS_MAX, type DayRow, daysSql, ROWS_MAX, type Totals, totalsOf } from '../../statistics/report.ts'
import { adminEndpoint } from '../endpoint.ts'
import { isoInstant, productId } from '../fields.ts'

const DAYS_DEFAULT = 30

const RIGHTS = { role: 'viewer' } as const

interface Found {
  readonly kind: 'found'
  readonly countedUntil: number
  readonly days: readonly DayRow[]
}

interface Invalid {
  readonly kind: 'invalid'
  readonly errors: FieldErrors
}

const selectDays = defineQuery<Found>(
  operatorAuthority(RIGHTS),
  `json_object('kind', 'found', 'countedUntil', ${COUNTED_UNTIL})`,
  { days: daysSql },
)

function dayField(name: string) {
  const error = `The ${name} field must be a day such as 2026-11-28.`
  return z
    .pipe(
      z.string({ error }).check(z.regex(/^\d{4}-\d{2}-\d{2}$/, { error })),
      z.transform((text, context): number => {
        const at = Date.parse(`${text}T00:00:00Z`)
        if (!Number.isNaN(at) && dayText(at) === text) return at
        context.issues.push({ code: 'custom', message: error, input: text })
        return z.NEVER
      }),
    )
    .check(z.meta({ format: 'date' }))
}

function dayText(instant: number): string {
  return new Date(instant).toISOString().slice(0, 10)
}

export const showStatistics = adminEndpoint({
  method: 'GET',
  path: '/statistics',
  summary: 'Show statistics by day and product',
  ...RIGHTS,
  query: () => ({
    from: optional(dayField('from')).check(
      z.meta({ description: `The first day, UTC. Default: ${DAYS_DEFAULT} days that end with \`to\`` }),
    ),
    to: optional(dayField('to')).check(
      z.meta({ description: `The last day, UTC. At most ${DAYS_MAX} days in all. Default: today` }),
    ),
    product_id: optional(productId),
  }),
  problems: {
    invalid: { code: 'invalid-request', describe: ({ errors }: Invalid) => ({ errors }) },
  },
  async handle(call): Promise<Result<Found | Invalid>> {
    const { query, now } = call
    const to = query.to ?? now - (now % DAY_MILLISECONDS)
    const from = query.from ?? to - (DAYS_DEFAULT - 1) * DAY_MILLISECONDS
    const result = await runQuery(call, selectDays, { from, to, productId: query.product_id ?? null })
    if (result.kind === 'refused') return result
    const errors = errorsOf(from, to, result.outcome.days.length)
    return errors ? done({ kind: 'invalid', errors }, now, result.callerId) : result
  },
  answer: ({ days, countedUntil }) => ({
    body: {
      items: days.map(({ day, productId: id, ...counts }) => ({
        day: dayText(day),
        product_id: id,
        ...countsBody(counts),
      })),
      totals: countsBody(totalsOf(days)),
      counted_until: isoInstant(countedUntil),
    },
  }),
})

function errorsOf(from: number, to: number, rows: number): FieldErrors | undefined {
  if (from > to) return { from: ['The from field must not be later than to.'] }
  if (to - from >= DAYS_MAX * DAY_MILLISECONDS) {
    return { from: [`The from field must be at most ${DAYS_MAX} days before to.`] }
  }
  if (rows <= ROWS_MAX) return undefined
  return { from: [`These days have more than ${ROWS_MAX} rows. Ask for fewer days, or send product_id.`] }
}

function countsBody(counts: Omit<Totals, 'activeDevices'> & Pick<DayRow, 'activeDevices'>) {
  return {
    issued_keys: counts.issuedKeys,
    orders: counts.orders,
    refunds: counts.refunds,
    activations: counts.activations,
    active_devices: counts.activeDevices,
    failed_deliveries: counts.failedDeliveries,
  }
}
