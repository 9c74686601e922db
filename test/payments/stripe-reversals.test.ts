import { describe, expect, it } from 'vitest'
import type { SampleEvent } from '../../scripts/webhook-samples/sample.ts'
import { stripeSamples } from '../../scripts/webhook-samples/stripe.ts'
import { stripe } from '../../src/payments/providers/stripe/index.ts'
import { ORDER, parserOf, SUBSCRIPTION_ORDER } from './sample-parser.ts'

const { parse, parseChanged } = parserOf(stripe)

function caseType(type: string) {
  return { 'data.object.payment_method_details': { type: 'card', card: { case_type: type } } }
}

describe('a refunded charge', () => {
  const refund = stripeSamples.refund(ORDER)

  it('reverses the order of its payment', () => {
    expect(parse(refund)).toEqual({
      kind: 'refund',
      id: 'refund:ch_1001',
      order: 'pi_1001',
      occurredAt: ORDER.now,
      phase: 'beginning',
    })
  })

  it('uses its own id if it has no payment', () => {
    expect(parseChanged(refund, { 'data.object.payment_intent': null })).toMatchObject({ order: 'ch_1001' })
  })

  it('takes back the period that a renewal paid for', () => {
    const period = { ...SUBSCRIPTION_ORDER, period: 2 }
    const [paid] = stripeSamples.relatedEvents?.(period) ?? []
    expect(parse(stripeSamples.renewal?.(period) as SampleEvent)).toMatchObject({
      period: { payment: 'in_1001_2' },
    })
    expect(parse(paid as SampleEvent)).toMatchObject({ order: 'in_1001_2', references: ['pi_1001_2'] })
    expect(parse(stripeSamples.refund(period))).toMatchObject({ kind: 'refund', order: 'pi_1001_2' })
  })

  it('is flagged if it is partly refunded', () => {
    expect(parse(stripeSamples.partialRefund?.(ORDER) as SampleEvent)).toMatchObject({
      kind: 'flagged',
      order: 'pi_1001',
    })
  })

  it.each(['refund.failed', 'refund.updated', 'charge.refund.updated'])(
    'is reinstated by a failed refund: %s',
    (type) => {
      const failed = stripeSamples.refundFailed?.(ORDER) as SampleEvent
      const reinstated = { kind: 'reinstatement', id: 'refund:ch_1001', order: 'pi_1001', phase: 'end' }
      expect(parseChanged(failed, { type })).toMatchObject(reinstated)
      expect(parseChanged(failed, { type, 'data.object.status': 'canceled' })).toMatchObject(reinstated)
      for (const status of ['succeeded', 'pending', 'requires_action', null]) {
        expect(parseChanged(failed, { type, 'data.object.status': status }).kind).toBe('ignored')
      }
      expect(parseChanged(failed, { type, 'data.object.charge': null }).kind).toBe('flagged')
    },
  )
})

describe('a dispute', () => {
  const answer = stripeSamples.disputeOpened?.(ORDER) as SampleEvent
  const won = stripeSamples.disputeWon?.(ORDER) as SampleEvent
  const names = { id: 'dispute:du_1001', order: 'pi_1001', occurredAt: ORDER.now }

  it('reverses the order, and reinstates it only if won', () => {
    expect(parse(answer)).toEqual({ kind: 'refund', ...names, phase: 'beginning' })
    expect(parseChanged(answer, { type: 'charge.dispute.funds_withdrawn' })).toMatchObject({ kind: 'refund' })
    expect(parse(stripeSamples.disputeLost?.(ORDER) as SampleEvent)).toEqual({
      kind: 'refund',
      ...names,
      phase: 'end',
    })
    expect(parse(won)).toEqual({ kind: 'reinstatement', ...names, phase: 'end' })
  })

  it('reinstates the order when the funds are reinstated', () => {
    const settled = parseChanged(answer, { type: 'charge.dispute.funds_reinstated' })
    expect(settled).toEqual({ kind: 'reinstatement', ...names, phase: 'end' })
  })

  it('is flagged while it is an inquiry, and reinstates the order when closed', () => {
    for (const status of ['warning_needs_response', 'warning_under_review']) {
      expect(parseChanged(answer, { 'data.object.status': status })).toMatchObject({
        kind: 'flagged',
        order: 'pi_1001',
      })
    }
    expect(parseChanged(won, { 'data.object.status': 'warning_closed' }).kind).toBe('reinstatement')
  })

  it('that was prevented without a refund changes no keys', () => {
    const blocked = { 'data.object.status': 'prevented', ...caseType('block') }
    expect(parseChanged(answer, blocked).kind).toBe('ignored')
    expect(parseChanged(answer, { 'data.object.status': 'prevented' }).kind).toBe('ignored')
    expect(parseChanged(won, blocked)).toEqual({ kind: 'reinstatement', ...names, phase: 'end' })
  })

  it('that was prevented by a refund reverses the order', () => {
    const resolved = { 'data.object.status': 'prevented', ...caseType('resolution') }
    expect(parseChanged(answer, resolved)).toEqual({ kind: 'refund', ...names, phase: 'beginning' })
    expect(parseChanged(won, resolved)).toEqual({ kind: 'refund', ...names, phase: 'end' })
    const withdrawn = { type: 'charge.dispute.funds_withdrawn', 'data.object.status': 'prevented' }
    expect(parseChanged(answer, withdrawn).kind).toBe('refund')
  })

  it.each(['appeal_needs_response', 'appeal_under_review'])('goes on during an appeal: %s', (status) => {
    const appealed = { kind: 'refund', ...names, phase: 'beginning' }
    for (const event of [answer, won]) {
      expect(parseChanged(event, { 'data.object.status': status })).toEqual(appealed)
    }
  })

  it('that was lost stays lost if a part of the funds is reinstated', () => {
    const changes = { type: 'charge.dispute.funds_reinstated', 'data.object.status': 'lost' }
    expect(parseChanged(answer, changes)).toEqual({ kind: 'refund', ...names, phase: 'end' })
  })

  it('is flagged if it ends in another way', () => {
    expect(parseChanged(won, { 'data.object.status': 'unheard_of' }).kind).toBe('flagged')
  })

  it('is ignored while it is open', () => {
    expect(parseChanged(answer, { type: 'charge.dispute.updated' }).kind).toBe('ignored')
  })
})
