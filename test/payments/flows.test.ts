/** What happens when: the life of a subscription, with the events of each provider against the whole Worker. */
import { env } from 'cloudflare:workers'
import { describe, expect, it } from 'vitest'
import { PROVIDER_SAMPLES, type SampleEvent, type SampleOrder } from '../../scripts/webhook-samples/index.ts'
import { periodStart, trialEnd } from '../../scripts/webhook-samples/sample.ts'
import { DAY_MILLISECONDS } from '../../src/protocol/dates.ts'
import { outcomeOf } from '../support/provider-webhook.ts'
import { addOffer, type KeyState, keysOf, type OfferOptions } from '../support/sales.ts'

/** Numeric, because Lemon Squeezy requires it. */
let names = 5_000_000
const newName = () => String(names++)

const SELLS_SUBSCRIPTIONS = PROVIDER_SAMPLES.filter(({ renewal }) => renewal !== undefined)

describe.each(SELLS_SUBSCRIPTIONS.map((samples) => [samples.provider, samples] as const))(
  '%s:',
  (provider, samples) => {
    /** An order of a subscription that begins on January 1, 2026. */
    async function order(
      terms: OfferOptions = {},
    ): Promise<Required<Pick<SampleOrder, 'now'>> & SampleOrder> {
      const { externalId } = await addOffer({
        provider,
        externalId: newName(),
        mode: 'seats',
        ...terms,
      })
      return { order: newName(), subscription: newName(), externalId, now: periodStart(0) }
    }

    async function send(...events: (SampleEvent | undefined)[]): Promise<string[]> {
      const outcomes: string[] = []
      for (const event of events) if (event) outcomes.push(await outcomeOf(samples, event))
      return outcomes
    }

    const at = (o: SampleOrder, period: number) => ({ ...o, period, now: periodStart(period) })
    const related = (o: SampleOrder) => samples.relatedEvents?.(o) ?? []
    const sale = (o: SampleOrder) => [samples.purchase(o), ...related(o)]
    const renewal = (o: SampleOrder, period: number) => samples.renewal?.(at(o, period))
    const keyOf = async (o: SampleOrder) => (await keysOf(samples.orderName(o), provider))[0] as KeyState
    const expiryOf = async (o: SampleOrder) => (await keyOf(o)).expiresAt

    it('a period that was bought ends with its grace days', async () => {
      const o = await order({ validityDays: 30, graceDays: 3 })
      await send(...sale(o))
      expect(await expiryOf(o)).toBe(periodStart(1) + 3 * DAY_MILLISECONDS)
    })

    it.skipIf(!samples.trial)(
      'a trial of a yearly plan ends with the trial, and cancelling in it adds nothing',
      async () => {
        const o = await order({ validityDays: 365 })
        await send(samples.hasOrderBesideTrial ? samples.purchase(o) : undefined, samples.trial?.(o))
        expect(await expiryOf(o)).toBe(trialEnd())
        expect(await keyOf(o)).toMatchObject({ status: 'assigned' })
        await send(samples.ended?.({ ...o, now: trialEnd() }))
        expect(await expiryOf(o)).toBe(trialEnd())
      },
    )

    it('thirteen payments are valid until the end of the thirteenth', async () => {
      const o = await order({ validityDays: 30 })
      await send(...sale(o))
      for (let period = 1; period < 13; period += 1) await send(renewal(o, period))
      expect(await expiryOf(o)).toBe(periodStart(13))
    })

    it('a payment after a lapse of 90 days makes the key valid again', async () => {
      const o = await order({ validityDays: 30 })
      await send(...sale(o), renewal(o, 4))
      expect(await expiryOf(o)).toBe(periodStart(5))
    })

    it('a renewal before its sale extends the key when the sale arrives', async () => {
      const o = await order({ validityDays: 30 })
      await send(renewal(o, 1), ...sale(o).toReversed())
      expect(await expiryOf(o)).toBe(periodStart(2))
    })

    it.skipIf(!samples.ended)('a subscription that ended early ends immediately, without grace', async () => {
      const o = await order({ validityDays: 30, graceDays: 3 })
      const now = periodStart(0) + 10 * DAY_MILLISECONDS
      const ended = samples.ended?.({ ...o, now })
      await send(...sale(o))
      expect(await send(ended)).toEqual(['changed'])
      expect(await expiryOf(o)).toBe(now)
      expect(await keyOf(o)).toMatchObject({ status: 'assigned' })
    })

    it.skipIf(!samples.planChange)('a change of plan gives the key the terms of the new offer', async () => {
      const o = await order({ activationLimit: 2 })
      const to = await order({ activationLimit: 7 })
      await send(...sale(o))
      const before = await keyOf(o)
      const now = periodStart(0) + DAY_MILLISECONDS
      const event = samples.planChange?.({ ...o, now }, { externalId: to.externalId, quantity: 1 })
      expect(await send(event)).toEqual(['changed'])
      expect(await keyOf(o)).toMatchObject({ activationLimit: 7, expiresAt: before.expiresAt })
      expect((await keyOf(o)).productId).not.toBe(before.productId)
    })

    it.skipIf(!samples.planChange)(
      'a change of plan to a price without an offer is flagged and names it',
      async () => {
        const o = await order()
        await send(...sale(o))
        const now = periodStart(0) + DAY_MILLISECONDS
        const externalId = newName()
        const event = samples.planChange?.({ ...o, now }, { externalId, quantity: 1 })
        expect(await send(event)).toEqual(['flagged'])
        const row = await env.DB.prepare('select note from webhook_events order by id desc limit 1').first<{
          note: string
        }>()
        expect(row?.note).toBe(`no active offer for ${externalId}`)
      },
    )

    it('a refund of the only period blocks the key', async () => {
      const o = await order({ validityDays: 30 })
      await send(...sale(o), samples.refund(o))
      expect(await keyOf(o)).toMatchObject({ status: 'blocked' })
    })

    it('a refund of the second period takes back that period only', async () => {
      const o = await order({ validityDays: 30 })
      await send(...sale(o), renewal(o, 1), ...related(at(o, 1)))
      expect(await send(samples.refund(at(o, 1)))).toEqual(['revoked'])
      expect(await keyOf(o)).toMatchObject({ status: 'assigned' })
      expect(await expiryOf(o)).toBe(periodStart(1))
    })

    it('a refund of the first period leaves the second', async () => {
      const o = await order({ validityDays: 30 })
      await send(...sale(o), renewal(o, 1), ...related(at(o, 1)), samples.refund(o))
      expect(await keyOf(o)).toMatchObject({ status: 'assigned' })
      expect(await expiryOf(o)).toBe(periodStart(2))
    })
  },
)
