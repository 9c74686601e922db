/**
 * `POST /admin/v1/people/erase`: erases the person with an e-mail address. Licenses keep working, without an owner.
 *
 * Guarantees: the batch that decides also flags all orders of the person, so that no replay and no event can bring the
 * person back, even if nothing else runs. The rest is erased in pieces: by this request as far as it gets, by a repeated
 * one, or by the cron.
 */
import type { Result } from '../../callers/caller.ts'
import { defineOperation, perform } from '../../callers/operation.ts'
import { operatorAuthority } from '../../callers/operators.ts'
import { adminEndpoint } from '../endpoint.ts'
import { isoInstant } from '../fields.ts'
import { startErasure } from './erasing-sql.ts'
import { needlesOf } from './erasing-texts.ts'
import { finishWrite, pieceWrites, runErasure } from './erasure.ts'
import { personEmail } from './fields.ts'
import { RUNNING_SUBSCRIPTION, type RunningSubscription } from './running-subscription.ts'

const RIGHTS = { role: 'owner' } as const

/** More would take longer than a client waits. */
const PIECES_OF_REQUEST = 20

interface Erased {
  readonly kind: 'erased'
  readonly erasure: number
  /** Issuances. A queued order has one for each chunk. */
  readonly orders: number
  /** Of the first batch, or after the pieces of this request. */
  readonly isComplete: boolean
}

interface Running extends RunningSubscription {
  readonly kind: 'subscription-running'
}

const erase = defineOperation<Erased | Running>({
  authority: operatorAuthority(RIGHTS),
  name: 'people.erase',
  decision: `coalesce(${RUNNING_SUBSCRIPTION}, json_object('kind', 'erased'))`,
  changes: ['erased'],
  writes({ decided, decision, addToOutcome }) {
    const erasure = `(${decision} ->> 'erasure')`
    return [
      startErasure(decided('erased')),
      addToOutcome(`'$.erasure', (select id from erasures where email = :email)`, 'erased'),
      ...pieceWrites(erasure),
      finishWrite(erasure),
      addToOutcome(
        `'$.orders', (select count(*) from issuances where erasure_id = outcome ->> 'erasure'),
        '$.isComplete', (select json(iif(email is null, 'true', 'false')) from erasures where id = outcome ->> 'erasure')`,
        'erased',
      ),
    ]
  },
  audit: () => ({ subject: `'person'`, state: 'null' }),
})

export const erasePerson = adminEndpoint({
  method: 'POST',
  path: '/people/erase',
  summary: 'Erase a person',
  ...RIGHTS,
  body: () => ({ email: personEmail }),
  problems: {
    'subscription-running': {
      code: 'subscription-running',
      describe: ({ provider, order, subscription, until }: Running) => ({
        detail: `The subscription ${subscription} of the order ${provider}/${order} is paid until ${isoInstant(until)}, and its next event would bring the person back. End it at ${provider}, and erase the person after its end was reported.`,
      }),
    },
  },
  async handle(call): Promise<Result<Erased | Running>> {
    const { email } = call.body
    const result = await perform(call, erase, { email, needles: needlesOf(email) })
    if (result.kind === 'refused' || result.outcome.kind !== 'erased' || result.outcome.isComplete)
      return result
    const isComplete = await runErasure(call.db, result.outcome.erasure, call.now, PIECES_OF_REQUEST)
    return { ...result, outcome: { ...result.outcome, isComplete } }
  },
  answer: ({ erasure, orders, isComplete }) => ({
    status: isComplete ? 200 : 202,
    body: { erasure_id: erasure, orders, is_complete: isComplete },
  }),
})
