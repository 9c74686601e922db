/**
 * `POST /admin/v1/licenses/:id/resend`: e-mails license keys to their owner once more, or to another address.
 *
 * Guarantees: one e-mail for each idempotency key. What was issued, and to whom, stays. The keys of an order are sent
 * together; a key whose owner is not the one of an order is sent alone. A delivery commits before it wakes the consumer. If
 * its message is lost, the sweep finds it.
 */
import { auditSubject } from '../../callers/audit.ts'
import { defineOperation, perform } from '../../callers/operation.ts'
import { operatorAuthority } from '../../callers/operators.ts'
import { deliverySettings } from '../../deliveries/settings.ts'
import { settingError } from '../../platform/settings.ts'
import { emailAddress, optional } from '../../protocol/fields.ts'
import { ERASED_EMAIL, NOT_SET } from '../../protocol/owner.ts'
import { enqueue } from '../../queue/enqueue.ts'
import { adminEndpoint } from '../endpoint.ts'
import { isoInstant } from '../fields.ts'

const RIGHTS = { role: 'support' } as const

interface Queued {
  readonly kind: 'queued'
  readonly delivery: { readonly id: number; readonly serial: number; readonly createdAt: number }
}

type Resent = Queued | { readonly kind: 'no-sender' | 'not-found' | 'not-assigned' | 'no-address' }

const IS_ALONE = '(license_keys.issuance_id is null or license_keys.has_new_owner = 1)'

/** The deliveries by e-mail to which the new one belongs. */
const IS_EARLIER = `(deliveries.channel = 'email' and (deliveries.issuance_id = license_keys.issuance_id
  or deliveries.license_key_id = license_keys.id))`

const resend = defineOperation<Resent>({
  authority: operatorAuthority(RIGHTS),
  name: 'licenses.resend',
  decision: `coalesce((select json_object('kind', case
      when :hasSender = 0 then 'no-sender'
      when license_keys.status <> 'assigned' then 'not-assigned'
      when :email is null and coalesce(license_keys.owner_email, '${NOT_SET}') in ('${NOT_SET}', '${ERASED_EMAIL}')
        then 'no-address'
      else 'queued' end)
    from license_keys where license_keys.id = :id), json_object('kind', 'not-found'))`,
  changes: ['queued'],
  writes: ({ decided, addToOutcome }) => [
    `insert into deliveries (issuance_id, license_key_id, channel, serial, recipient, status, due_at, created_at, updated_at)
     select license_keys.issuance_id, iif(${IS_ALONE}, license_keys.id, null), 'email',
       (select coalesce(max(deliveries.serial), 0) + 1 from deliveries where ${IS_EARLIER}),
       :email, 'pending', :now, :now, :now
     from license_keys where license_keys.id = :id and ${decided('queued')}`,
    // The statement before this one inserted the delivery, or nothing was decided.
    addToOutcome(
      `'$.delivery', (select json_object('id', id, 'serial', serial, 'createdAt', created_at)
        from deliveries where id = last_insert_rowid())`,
      'queued',
    ),
  ],
  audit: () => ({
    subject: auditSubject('license', ':id'),
    state: `(select json_object('emails', count(*), 'recipient', (select recipient from deliveries
        where ${IS_EARLIER} order by deliveries.serial desc limit 1))
      from license_keys left join deliveries on ${IS_EARLIER} where license_keys.id = :id)`,
  }),
})

export const resendLicense = adminEndpoint({
  method: 'POST',
  path: '/licenses/:id/resend',
  summary: 'E-mail license keys again',
  ...RIGHTS,
  body: () => ({ email: optional(emailAddress('email')) }),
  problems: {
    'no-sender': {
      code: 'setting-missing',
      describe: () => ({ detail: settingError('EMAIL_FROM', 'is not set').message }),
    },
    'not-found': 'not-found',
    'not-assigned': 'license-not-assigned',
    'no-address': {
      code: 'invalid-request',
      describe: () => ({
        errors: { email: ['The email field is required: the license has no e-mail address.'] },
      }),
    },
  },
  async handle(call) {
    const { sender } = deliverySettings(call.env)
    const values = {
      id: call.path.id,
      email: call.body.email ?? null,
      hasSender: sender === undefined ? 0 : 1,
    }
    const result = await perform(call, resend, values)
    if (result.kind === 'done' && result.outcome.kind === 'queued') {
      await enqueue(call.env, [{ kind: 'delivery', id: result.outcome.delivery.id }])
    }
    return result
  },
  answer: ({ delivery }, { call }) => ({
    status: 202,
    body: {
      id: delivery.id,
      channel: 'email',
      serial: delivery.serial,
      status: 'pending',
      recipient: call.body.email ?? null,
      created_at: isoInstant(delivery.createdAt),
    },
  }),
})
