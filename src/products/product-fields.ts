/** The parameters that describe a product, and their rules. */
import * as z from 'zod/mini'
import { choice, features, flag, optional, plainText, wholeNumber } from '../protocol/fields.ts'

export const PRODUCT_SOURCES = ['internal', 'envato'] as const
export const PRODUCT_STATUSES = ['active', 'inactive'] as const

export const productName = plainText('name', 255)
export const productDescription = plainText('description', 10_000)

/** The protocol uses both `envato` and `Envato`. */
const productSource = z.pipe(
  choice('source', [...PRODUCT_SOURCES, 'Envato']),
  z.transform((word) => (word === 'Envato' ? 'envato' : word)),
)

/** All optional. */
export const PRODUCT_FIELDS = {
  source: optional(productSource),
  name: optional(productName),
  description: optional(productDescription),
  require_non_expired: optional(flag('require_non_expired')),
  /** The product's id at the marketplace that sells it, such as an Envato item id. */
  external_reference: optional(plainText('external_reference', 255)),
  status: optional(choice('status', PRODUCT_STATUSES)),
  features: optional(features),
  domain_devices: optional(flag('domain_devices')).check(
    z.meta({
      description:
        '1 if the devices of its license keys are domains: then `www.`, a scheme, a port and the case of letters make ' +
        'no other device, and development domains such as `localhost` do not count towards the activation limit',
    }),
  ),
  trial_days: optional(wholeNumber('trial_days', 0, 365)).check(
    z.meta({ description: 'How many days a trial lasts, 0 to 365. 0: it has no trials' }),
  ),
  any_machine_files: optional(flag('any_machine_files')).check(
    z.meta({ description: '1 if its license keys may check out files that are valid on any machine' }),
  ),
  offline_page: optional(flag('offline_page')).check(
    z.meta({ description: '1 if its license files can be fetched on the page /offline' }),
  ),
}

type TextName =
  | 'source'
  | 'name'
  | 'description'
  | 'external_reference'
  | 'status'
  | 'features'
  | 'delivery_webhook_url'
type NumberName =
  | 'require_non_expired'
  | 'domain_devices'
  | 'trial_days'
  | 'any_machine_files'
  | 'offline_page'

type ProductParameters = Partial<
  Record<TextName, string | undefined> & Record<NumberName, number | undefined>
>

/** @returns the values of the placeholders of a new or changed product; null: not sent */
export function productValues(parameters: ProductParameters): Record<string, string | number | null> {
  return {
    source: parameters.source ?? null,
    name: parameters.name ?? null,
    description: parameters.description ?? null,
    requireNonExpired: parameters.require_non_expired ?? null,
    externalReference: parameters.external_reference ?? null,
    status: parameters.status ?? null,
    features: parameters.features ?? null,
    deliveryWebhookUrl: parameters.delivery_webhook_url ?? null,
    domainDevices: parameters.domain_devices ?? null,
    trialDays: parameters.trial_days ?? null,
    anyMachineFiles: parameters.any_machine_files ?? null,
    offlinePage: parameters.offline_page ?? null,
  }
}

/** SQL condition on `products`: the requested product, if it was not deleted. */
export const IS_PRODUCT = 'id = :productId and deleted_at is null'
