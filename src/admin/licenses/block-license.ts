/**
 * `POST /admin/v1/licenses/:id/block` and `unblock`.
 *
 * Guarantees: a block by hand and the block of a refund or dispute do not lift each other. A license stays blocked until
 * neither is left: the status before the refund keeps the block by hand. A reissued key stays blocked, so that a sale
 * never has two valid keys.
 */
import { perform } from '../../callers/operation.ts'
import { IS_REISSUED } from '../../issuing/reissue.ts'
import { adminEndpoint } from '../endpoint.ts'
import { NEXT_VERSION, PROBLEMS_OF_CHANGES, reason } from '../fields.ts'
import { changedAnswer, changeLicense, IS_LICENSE } from './change-license.ts'

const block = changeLicense({
  name: 'licenses.block',
  role: 'support',
  writes: ({ decided }) => [
    `update license_keys set status = 'blocked', updated_at = ${NEXT_VERSION},
       status_before_reversal = iif(status_before_reversal is null, null, 'blocked')
     where ${IS_LICENSE} and ${decided('changed')}`,
  ],
})

export const blockLicense = adminEndpoint({
  method: 'POST',
  path: '/licenses/:id/block',
  summary: 'Block a license',
  role: 'support',
  body: () => ({ reason }),
  problems: PROBLEMS_OF_CHANGES,
  handle: (call) =>
    perform(call, block, { id: call.path.id, ifMatch: call.ifMatch, reason: call.body.reason }),
  answer: (outcome, context) => changedAnswer(outcome, context),
})

/** What the license was before the block, from what is known of it. */
const UNBLOCKED = `case when assigned_at is not null then 'assigned'
  when owner_name is not null or owner_email is not null then 'reserved' else 'available' end`

const unblock = changeLicense<'not-blocked' | 'license-reissued' | 'payment-reversed'>({
  name: 'licenses.unblock',
  role: 'support',
  obstacle: `case when license_keys.status <> 'blocked' then 'not-blocked'
    when ${IS_REISSUED} then 'license-reissued'
    when license_keys.status_before_reversal <> 'blocked' then 'payment-reversed' end`,
  writes: ({ decided }) => [
    `update license_keys set status = iif(status_before_reversal is null, ${UNBLOCKED}, status),
       status_before_reversal = iif(status_before_reversal is null, null, ${UNBLOCKED}), updated_at = ${NEXT_VERSION}
     where ${IS_LICENSE} and ${decided('changed')}`,
  ],
})

export const unblockLicense = adminEndpoint({
  method: 'POST',
  path: '/licenses/:id/unblock',
  summary: 'Unblock a license',
  role: 'support',
  body: () => ({ reason }),
  problems: {
    ...PROBLEMS_OF_CHANGES,
    'not-blocked': { code: 'conflict', describe: () => ({ detail: 'The license is not blocked.' }) },
    'license-reissued': 'license-reissued',
    'payment-reversed': 'payment-reversed',
  },
  handle: (call) =>
    perform(call, unblock, { id: call.path.id, ifMatch: call.ifMatch, reason: call.body.reason }),
  answer: (outcome, context) => changedAnswer(outcome, context),
})
