/**
 * `POST /admin/v1/licenses`: issues licenses to an owner, as an API caller's order does, and delivers them if asked.
 *
 * Guarantees: an idempotency key issues once, even after its operation is no longer kept (issuing/issue.ts).
 */
import * as z from 'zod/mini'
import { auditSubject } from '../../callers/audit.ts'
import { defineOperation, perform } from '../../callers/operation.ts'
import { operatorAuthority } from '../../callers/operators.ts'
import { type Obstacle, ORIGINS, type Origin } from '../../db/schema/index.ts'
import { insertDeliveries } from '../../deliveries/new-deliveries.ts'
import { THOUSAND_KEYS_AS_ISSUED } from '../../issuing/as-issued.ts'
import { NEW_FEATURES } from '../../issuing/features.ts'
import { isCollision } from '../../issuing/inserts.ts'
import { issueStatements } from '../../issuing/issue.ts'
import { keyMaterialFor } from '../../issuing/key-formats.ts'
import { countInStock, obstacleTo } from '../../issuing/stock.ts'
import {
  activationLimit,
  choice,
  features,
  optional,
  ownerEmail,
  ownerName,
  plainText,
  wholeNumber,
} from '../../protocol/fields.ts'
import type { KeyAsIssued } from '../../protocol/license-key-object.ts'
import { NOT_SET } from '../../protocol/owner.ts'
import { adminEndpoint } from '../endpoint.ts'
import { isoInstant, productId, yesOrNo } from '../fields.ts'
import { newMetadata, writeMetadata } from '../metadata.ts'
import { deliveryChannels, wakeDeliveries } from './deliveries.ts'
import { validityDays } from './update-license.ts'

const RIGHTS = { role: 'owner' } as const
const AUTHORITY = operatorAuthority(RIGHTS)

/** The keys of an answer are one value of D1. */
const QUANTITY_MAX = 1_000

type Issued =
  | {
      readonly kind: 'issued'
      readonly issuanceId: number
      readonly deliveries: readonly number[]
      /** As they were issued. */
      readonly keys: readonly KeyAsIssued[]
    }
  | { readonly kind: 'issued-before' | Exclude<Obstacle, 'stock-insufficient'> }
  | { readonly kind: 'stock-insufficient'; readonly available: number }

const STATEMENTS = issueStatements(AUTHORITY)

const IS_ISSUANCE = `(issuances.idempotency_key = :idempotencyKey
  and issuances.source = (select ${AUTHORITY.source} from operators where ${AUTHORITY.isCaller}))`
const IS_NEW = `(${IS_ISSUANCE} and issuances.nonce = :nonce)`
const NEW_ID = `(select issuances.id from issuances where ${IS_NEW})`

const STATE = `(select json_object('product_id', issuances.product_id, 'quantity', issuances.quantity,
  'origin', issuances.origin, 'owner_name', issuances.owner_name, 'owner_email', issuances.owner_email,
  'reference', issuances.reference) from issuances where ${IS_NEW})`

function issueFrom(origin: Origin) {
  const { insertIssuance, insertKeys } = STATEMENTS[origin]
  return defineOperation<Issued>({
    authority: AUTHORITY,
    name: 'licenses.issue',
    decision: `json_object('kind', case when exists (select 1 from issuances where ${IS_ISSUANCE}) then 'issued-before'
        else coalesce(${obstacleTo(`'${origin}'`, ':productId', ':quantity')}, 'issued') end,
      'available', ${origin === 'stock' ? countInStock(':productId', ':quantity') : 'null'})`,
    changes: ['issued'],
    writes: ({ decided, addToOutcome }) => [
      insertIssuance,
      insertKeys,
      `update license_keys set features = ${NEW_FEATURES}
       where issuance_id = ${NEW_ID} and :features is not null and ${decided('issued')}`,
      ...writeMetadata(
        'license_key_metadata',
        'license_key_id',
        `select license_keys.id as id from license_keys where license_keys.issuance_id = ${NEW_ID}`,
      ),
      insertDeliveries(`issuances cross join (select 1) as wanted on :deliver and ${IS_NEW}`),
      addToOutcome(
        `'$.issuanceId', ${NEW_ID}, '$.deliveries', (select json_group_array(deliveries.id) from deliveries
          where deliveries.issuance_id = ${NEW_ID})`,
        'issued',
      ),
    ],
    currentMembers: `'$.keys', (select json(${THOUSAND_KEYS_AS_ISSUED}) from issuances
      where issuances.id = operations.outcome ->> 'issuanceId')`,
    audit: () => ({ subject: auditSubject('issuance', NEW_ID), state: STATE }),
  })
}

const OPERATIONS: Readonly<Record<Origin, ReturnType<typeof issueFrom>>> = {
  fresh: issueFrom('fresh'),
  generator: issueFrom('generator'),
  stock: issueFrom('stock'),
}

export const issueLicenses = adminEndpoint({
  method: 'POST',
  path: '/licenses',
  summary: 'Issue licenses',
  ...RIGHTS,
  body: () => ({
    product_id: productId,
    quantity: optional(wholeNumber('quantity', 1, QUANTITY_MAX)),
    owner_name: z.nullable(ownerName),
    owner_email: z.nullable(ownerEmail),
    validity_days: optional(validityDays),
    activation_limit: optional(activationLimit),
    features: optional(features),
    metadata: z.optional(newMetadata),
    reference: optional(plainText('reference', 255)),
    origin: optional(choice('origin', ORIGINS)),
    deliver: optional(yesOrNo('deliver')),
  }),
  bodyBytesMax: 1_000_000,
  problems: {
    'issued-before': 'idempotency-key-reused',
    'product-not-found': {
      code: 'invalid-request',
      describe: () => ({ errors: { product_id: ['There is no active product with this id.'] } }),
    },
    'generator-not-found': {
      code: 'conflict',
      describe: () => ({ detail: 'The product has no active generator. Add one, or use another origin.' }),
    },
    'stock-insufficient': {
      code: 'conflict',
      describe: ({ available }: { readonly available: number }) => ({
        detail: `Only ${available} license keys are in stock.`,
      }),
    },
  },

  async handle(call) {
    const { body } = call
    const { quantity = 1, origin = 'fresh', deliver = false } = body
    const defaultTerm = origin === 'fresh' ? 0 : null
    const values = {
      productId: body.product_id,
      quantity,
      ownerName: body.owner_name ?? NOT_SET,
      ownerEmail: body.owner_email ?? NOT_SET,
      reference: body.reference ?? null,
      validityDays: body.validity_days ?? defaultTerm,
      activationLimit: body.activation_limit ?? defaultTerm,
      features: body.features ?? null,
      metadata: JSON.stringify(body.metadata ?? {}),
      ...deliveryChannels(call.env, deliver),
    }
    const newValues = () => ({ ...values, material: keyMaterialFor(origin, quantity) })
    return wakeDeliveries<Issued>(call.env, await perform(call, OPERATIONS[origin], newValues, isCollision))
  },

  answer: ({ issuanceId, keys, deliveries }) => ({
    status: 201,
    body: {
      issuance_id: issuanceId,
      items: keys.toSorted(([one], [other]) => one - other).map(issuedBody),
      deliveries,
    },
  }),
})

function issuedBody([id, license_key, activation_limit, validity_days, createdAt]: KeyAsIssued) {
  return { id, license_key, activation_limit, validity_days, created_at: isoInstant(createdAt) }
}
