/** `PATCH /admin/v1/licenses/:id`: changes terms, owner, features and metadata, as `update-license-key` does. */
import * as z from 'zod/mini'
import { perform } from '../../callers/operation.ts'
import { updateKey } from '../../keys/update-license-key.ts'
import {
  activationLimit,
  features,
  optional,
  ownerEmail,
  ownerName,
  wholeNumber,
} from '../../protocol/fields.ts'
import { NOT_SET } from '../../protocol/owner.ts'
import { adminEndpoint } from '../endpoint.ts'
import { orNull, PROBLEMS_OF_CHANGES, reason } from '../fields.ts'
import { metadataChanges, writeMetadata } from '../metadata.ts'
import { changedAnswer, changeLicense, IS_LICENSE } from './change-license.ts'

export const validityDays = wholeNumber('validity_days', 0, 36_500)

const update = changeLicense({
  name: 'licenses.update',
  role: 'owner',
  writes: (sql) => [
    ...updateKey(sql, IS_LICENSE, 'changed'),
    ...writeMetadata(
      'license_key_metadata',
      'license_key_id',
      `select license_keys.id as id from license_keys where ${IS_LICENSE} and ${sql.decided('changed')}`,
    ),
  ],
})

export const updateLicense = adminEndpoint({
  method: 'PATCH',
  path: '/licenses/:id',
  summary: 'Change a license',
  role: 'owner',
  body: () => ({
    validity_days: optional(validityDays),
    activation_limit: optional(activationLimit),
    owner_name: orNull(ownerName),
    owner_email: orNull(ownerEmail),
    features: orNull(features),
    metadata: z.optional(metadataChanges),
    reason: optional(reason),
  }),
  problems: PROBLEMS_OF_CHANGES,
  handle(call) {
    const { body } = call
    return perform(call, update, {
      id: call.path.id,
      ifMatch: call.ifMatch,
      reason: body.reason ?? null,
      ...{ productId: null, status: null, assignedAt: null },
      validityDays: body.validity_days ?? null,
      activationLimit: body.activation_limit ?? null,
      ownerName: orNotSet(body.owner_name),
      ownerEmail: orNotSet(body.owner_email),
      features: orNotSet(body.features),
      metadata: JSON.stringify(body.metadata ?? {}),
    })
  },
  answer: (outcome, context) => changedAnswer(outcome, context),
})

/** `update-license-key` removes an owner or a list by this text. An omitted value stays. */
function orNotSet(value: string | null | undefined): string | null {
  return value === null ? NOT_SET : (value ?? null)
}
