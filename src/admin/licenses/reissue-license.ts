/**
 * `POST /admin/v1/licenses/:id/reissue`: replaces a license by a new one, and sends the new key to its owner.
 *
 * Guarantees: a license is reissued once (issuing/reissue.ts), even if requests race.
 */
import { auditSubject } from '../../callers/audit.ts'
import { defineOperation, perform } from '../../callers/operation.ts'
import { operatorAuthority } from '../../callers/operators.ts'
import { insertDeliveries } from '../../deliveries/new-deliveries.ts'
import { isCollision } from '../../issuing/inserts.ts'
import { isReissueOf, REISSUE_OBSTACLE, reissueStatements } from '../../issuing/reissue.ts'
import { licenseAudit } from '../../keys/license-audit.ts'
import { optional } from '../../protocol/fields.ts'
import { adminEndpoint } from '../endpoint.ts'
import { etagOf, isOtherVersion, PROBLEMS_OF_CHANGES, reason, yesOrNo } from '../fields.ts'
import { IS_LICENSE } from './change-license.ts'
import { deliveryChannels, wakeDeliveries } from './deliveries.ts'
import { LICENSE, type License, licenseBody } from './license.ts'

type Reissued =
  | {
      readonly kind: 'reissued'
      readonly licenseId: number
      readonly deliveries: readonly number[]
      readonly license: License
    }
  | {
      readonly kind:
        | 'not-found'
        | 'version-mismatch'
        | 'payment-reversed'
        | 'reissued-before'
        | 'not-assigned'
    }

const NEW_ISSUANCE = `(select issuances.id from issuances where ${isReissueOf(IS_LICENSE)})`

const DECISION = `coalesce((select json_object('kind', case when ${isOtherVersion('license_keys.updated_at')}
    then 'version-mismatch' else coalesce(${REISSUE_OBSTACLE}, 'reissued') end)
  from license_keys where ${IS_LICENSE}), json_object('kind', 'not-found'))`

const reissue = defineOperation<Reissued>({
  authority: operatorAuthority({ role: 'support' }),
  name: 'licenses.reissue',
  decision: DECISION,
  changes: ['reissued'],
  writes: ({ decided, addToOutcome }) => [
    ...reissueStatements(IS_LICENSE, decided('reissued')).writes,
    insertDeliveries(`issuances cross join (select 1) as wanted on :deliver and ${isReissueOf(IS_LICENSE)}`),
    addToOutcome(
      `'$.licenseId', (select license_keys.id from license_keys where license_keys.issuance_id = ${NEW_ISSUANCE}),
       '$.deliveries', (select json_group_array(deliveries.id) from deliveries
         where deliveries.issuance_id = ${NEW_ISSUANCE})`,
      'reissued',
    ),
  ],
  currentMembers: `'$.license', (select json(${LICENSE}) from license_keys
    cross join products on products.id = license_keys.product_id
    where license_keys.id = operations.outcome ->> 'licenseId')`,
  audit: () => ({ ...licenseAudit(IS_LICENSE, ':reason'), subject: auditSubject('license', ':id') }),
})

export const reissueLicense = adminEndpoint({
  method: 'POST',
  path: '/licenses/:id/reissue',
  summary: 'Replace a license by a new one',
  role: 'support',
  body: () => ({ reason, deliver: optional(yesOrNo('deliver')) }),
  problems: {
    ...PROBLEMS_OF_CHANGES,
    'payment-reversed': 'payment-reversed',
    'reissued-before': 'license-reissued',
    'not-assigned': {
      code: 'conflict',
      describe: () => ({ detail: 'The license has no owner, so there is nothing to reissue.' }),
    },
  },

  async handle(call) {
    const { deliver = true, reason } = call.body
    const values = { id: call.path.id, ifMatch: call.ifMatch, reason, ...deliveryChannels(call.env, deliver) }
    const newValues = () => ({ ...values, material: JSON.stringify([crypto.randomUUID()]) })
    return wakeDeliveries(call.env, await perform(call, reissue, newValues, isCollision))
  },

  answer: ({ license, deliveries }, { call, role }) => ({
    status: 201,
    body: { ...licenseBody(license, role), reissued_from: call.path.id, deliveries },
    headers: etagOf(license.updatedAt),
  }),
})
