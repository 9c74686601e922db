/**
 * `/admin/v1/offers`: what payment providers sell, and the product and terms of its license keys.
 *
 * Orders refer to the row of their offer, so it never changes: new terms are a new row, and the old one is marked as removed.
 */
import * as z from 'zod/mini'
import { auditSubject } from '../../callers/audit.ts'
import { defineOperation, perform } from '../../callers/operation.ts'
import { operatorAuthority } from '../../callers/operators.ts'
import { defineQuery, runQuery } from '../../callers/query.ts'
import { PRODUCT_EXISTS } from '../../db/conditions.ts'
import { PROVIDER_NAMES, type ProviderName } from '../../payments/provider.ts'
import { activationLimit, choice, features, optional, plainText, wholeNumber } from '../../protocol/fields.ts'
import { page } from '../cursor.ts'
import { adminEndpoint } from '../endpoint.ts'
import { isoInstant, orNull, PRODUCT_UNKNOWN, productId, yesOrNo } from '../fields.ts'
import { validityDays } from '../licenses/update-license.ts'
import { listById, pageById } from '../list-by-id.ts'

const READ = { role: 'viewer' } as const
const WRITE = { role: 'owner' } as const
const READERS = operatorAuthority(READ)
const WRITERS = operatorAuthority(WRITE)

const MODES = ['key-per-unit', 'seats'] as const

interface Offer {
  readonly id: number
  readonly provider: ProviderName
  readonly externalId: string
  readonly productId: number
  readonly mode: (typeof MODES)[number]
  readonly keysPerUnit: number
  readonly validityDays: number
  readonly activationLimit: number
  readonly followsSubscription: 0 | 1
  readonly graceDays: number
  readonly features: readonly string[] | null
  /** Milliseconds UTC. null: it sells. */
  readonly removedAt: number | null
}

/** SQL: the `Offer` of a row of `offers`, as JSON. */
const OFFER = `json_object('id', offers.id, 'provider', provider, 'externalId', external_id, 'productId', product_id,
  'mode', mode, 'keysPerUnit', keys_per_unit, 'validityDays', validity_days, 'activationLimit', activation_limit,
  'followsSubscription', follows_subscription, 'graceDays', grace_days, 'features', json(features),
  'removedAt', removed_at)`

/** SQL for the audit: of a row of `offers`. */
const STATE = `json_object('id', id, 'provider', provider, 'external_id', external_id, 'product_id', product_id,
  'mode', mode, 'keys_per_unit', keys_per_unit, 'validity_days', validity_days, 'activation_limit', activation_limit,
  'follows_subscription', follows_subscription, 'grace_days', grace_days, 'features', json(features),
  'removed_at', removed_at)`

function offerBody(offer: Offer) {
  return {
    id: offer.id,
    provider: offer.provider,
    external_id: offer.externalId,
    product_id: offer.productId,
    mode: offer.mode,
    keys_per_unit: offer.keysPerUnit,
    validity_days: offer.validityDays,
    activation_limit: offer.activationLimit,
    follows_subscription: offer.followsSubscription === 1,
    grace_days: offer.graceDays,
    features: offer.features,
    removed_at: isoInstant(offer.removedAt),
  }
}

const selectOffers = listById<Offer>(READ, {
  table: 'offers',
  item: OFFER,
  where: `removed_at is null and (:productId is null or product_id = :productId)
    and (:provider is null or provider = :provider)`,
})

export const listOffers = adminEndpoint({
  method: 'GET',
  path: '/offers',
  summary: 'List offers',
  ...READ,
  query: () => ({
    provider: optional(choice('provider', PROVIDER_NAMES)),
    product_id: optional(productId),
    ...page(),
  }),
  problems: {},
  handle: (call) =>
    selectOffers(call, {
      provider: call.query.provider ?? null,
      productId: call.query.product_id ?? null,
    }),
  answer: ({ items }, { call }) => ({ body: pageById(items, call.query, offerBody) }),
})

type Shown = { readonly kind: 'found'; readonly offer: Offer } | { readonly kind: 'not-found' }

const selectOffer = defineQuery<Shown>(
  READERS,
  `coalesce((select json_object('kind', 'found', 'offer', ${OFFER}) from offers where offers.id = :id),
    json_object('kind', 'not-found'))`,
)

export const showOffer = adminEndpoint({
  method: 'GET',
  path: '/offers/:id',
  summary: 'Show an offer',
  ...READ,
  problems: { 'not-found': 'not-found' },
  handle: (call) => runQuery(call, selectOffer, { id: call.path.id }),
  answer: ({ offer }) => ({ body: offerBody(offer) }),
})

/** The columns of the terms, with their placeholders. */
const TERMS = {
  product_id: ':productId',
  mode: ':mode',
  keys_per_unit: ':keysPerUnit',
  validity_days: ':validityDays',
  activation_limit: ':activationLimit',
  follows_subscription: ':followsSubscription',
  grace_days: ':graceDays',
  features: ':features',
}

/** SQL: selects from the offer that sells this now. */
const FROM_SELLING =
  'from offers where provider = :provider and external_id = :externalId and removed_at is null'
const IS_SAME = Object.entries(TERMS)
  .map(([column, value]) => `${column} is ${value}`)
  .join(' and ')

type Created =
  | { readonly kind: 'created' | 'same' | 'taken'; readonly offer: Offer }
  | { readonly kind: 'product-invalid' }

/** `same`: an offer with these terms sells already. `taken`: one with others. */
const create = defineOperation<Created>({
  authority: WRITERS,
  name: 'offers.create',
  decision: `json_object('kind', case when not ${PRODUCT_EXISTS} then 'product-invalid'
    when exists (select 1 ${FROM_SELLING} and ${IS_SAME}) then 'same'
    when not :replace and exists (select 1 ${FROM_SELLING}) then 'taken' else 'created' end)`,
  changes: ['created'],
  writes: ({ decided, addToOutcome }) => [
    `update offers set removed_at = :now
     where provider = :provider and external_id = :externalId and removed_at is null and ${decided('created')}`,
    `insert into offers (provider, external_id, ${Object.keys(TERMS).join(', ')})
     select :provider, :externalId, ${Object.values(TERMS).join(', ')} where ${decided('created')}`,
    addToOutcome(`'$.offerId', (select id ${FROM_SELLING})`, 'created'),
  ],
  currentMembers: `'$.offer', (select json(${OFFER}) from offers
    where offers.id = coalesce(operations.outcome ->> '$.offerId', (select id ${FROM_SELLING})))`,
  audit: ({ decision }) => ({
    subject: auditSubject('offer', `(${decision} ->> '$.offerId')`),
    state: `(select ${STATE} ${FROM_SELLING})`,
  }),
})

export const createOffer = adminEndpoint({
  method: 'POST',
  path: '/offers',
  summary: 'Add an offer or give it new terms',
  ...WRITE,
  body: () => ({
    provider: choice('provider', PROVIDER_NAMES),
    external_id: plainText('external_id', 255),
    product_id: productId,
    mode: optional(choice('mode', MODES)),
    keys_per_unit: optional(wholeNumber('keys_per_unit', 1, 100)),
    validity_days: optional(validityDays),
    activation_limit: activationLimit,
    follows_subscription: z.optional(yesOrNo('follows_subscription')),
    grace_days: optional(wholeNumber('grace_days', 0, 365)),
    features: orNull(features),
    replace: z.optional(yesOrNo('replace')),
  }),
  problems: {
    'product-invalid': PRODUCT_UNKNOWN,
    taken: {
      code: 'conflict',
      describe: ({ offer }: { readonly offer: Offer }) => ({
        detail: `Offer ${offer.id} already sells this on other terms. To give it new terms for orders from now on, send "replace": true.`,
      }),
    },
  },
  handle: ({ body, ...call }) =>
    perform(call, create, {
      provider: body.provider,
      externalId: body.external_id,
      productId: body.product_id,
      mode: body.mode ?? 'key-per-unit',
      keysPerUnit: body.keys_per_unit ?? 1,
      validityDays: body.validity_days ?? 0,
      activationLimit: body.activation_limit,
      followsSubscription: Number(body.follows_subscription ?? true),
      graceDays: body.grace_days ?? 3,
      features: body.features ?? null,
      replace: Number(body.replace ?? false),
    }),
  answer: ({ offer }) => ({ status: 201, body: offerBody(offer) }),
})

interface Removed {
  readonly kind: 'removed' | 'not-found'
}

const remove = defineOperation<Removed>({
  authority: WRITERS,
  name: 'offers.delete',
  decision: `json_object('kind', iif(exists (select 1 from offers where id = :id and removed_at is null), 'removed', 'not-found'))`,
  changes: ['removed'],
  writes: ({ decided }) => [
    `update offers set removed_at = :now where id = :id and removed_at is null and ${decided('removed')}`,
  ],
  audit: () => ({
    subject: auditSubject('offer', ':id'),
    state: `(select ${STATE} from offers where id = :id)`,
  }),
})

export const deleteOffer = adminEndpoint({
  method: 'DELETE',
  path: '/offers/:id',
  summary: 'Remove an offer',
  ...WRITE,
  problems: { 'not-found': 'not-found' },
  handle: (call) => perform(call, remove, { id: call.path.id }),
  answer: () => ({ status: 204 }),
})

export const OFFER_ENDPOINTS = [listOffers, showOffer, createOffer, deleteOffer]
