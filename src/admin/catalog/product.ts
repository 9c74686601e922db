/** A product as the admin API shows it, and the fields that set it. */
import * as z from 'zod/mini'
import {
  PRODUCT_SOURCES,
  PRODUCT_STATUSES,
  productDescription,
  productName,
  productValues,
} from '../../products/product-fields.ts'
import { choice, features, optional, plainText, wholeNumber } from '../../protocol/fields.ts'
import { NOT_SET } from '../../protocol/owner.ts'
import { isoInstant, orNull, yesOrNo } from '../fields.ts'

/** Times are in milliseconds UTC. */
export interface Product {
  readonly id: number
  readonly name: string
  readonly description: string
  readonly status: (typeof PRODUCT_STATUSES)[number]
  readonly source: (typeof PRODUCT_SOURCES)[number]
  readonly externalReference: string
  readonly requireNonExpired: 0 | 1
  readonly deliveryWebhookUrl: string | null
  readonly features: readonly string[] | null
  readonly domainDevices: 0 | 1
  readonly trialDays: number | null
  readonly anyMachineFiles: 0 | 1
  readonly offlinePage: 0 | 1
  readonly createdAt: number
  readonly updatedAt: number
}

/** SQL: the `Product` of a row of `products`, as JSON. */
export const PRODUCT = `json_object('id', products.id, 'name', products.name, 'description', products.description,
  'status', products.status, 'source', products.source, 'externalReference', products.external_reference,
  'requireNonExpired', products.require_non_expired, 'deliveryWebhookUrl', products.delivery_webhook_url,
  'features', json(products.features), 'domainDevices', products.domain_devices, 'trialDays', products.trial_days,
  'anyMachineFiles', products.any_machine_files, 'offlinePage', products.offline_page,
  'createdAt', products.created_at, 'updatedAt', products.updated_at)`

export function productBody(product: Product) {
  return {
    id: product.id,
    name: product.name,
    description: product.description || null,
    status: product.status,
    source: product.source,
    external_reference: product.externalReference || null,
    require_non_expired: product.requireNonExpired === 1,
    delivery_webhook_url: product.deliveryWebhookUrl,
    features: product.features,
    domain_devices: product.domainDevices === 1,
    trial_days: product.trialDays,
    any_machine_files: product.anyMachineFiles === 1,
    offline_page: product.offlinePage === 1,
    created_at: isoInstant(product.createdAt),
    updated_at: isoInstant(product.updatedAt),
  }
}

/** The settings of a product. null removes one. */
export const SETTING_FIELDS = {
  description: orNull(productDescription),
  status: optional(choice('status', PRODUCT_STATUSES)),
  source: optional(choice('source', PRODUCT_SOURCES)),
  external_reference: orNull(plainText('external_reference', 255)),
  require_non_expired: z.optional(yesOrNo('require_non_expired')),
  delivery_webhook_url: orNull(plainText('delivery_webhook_url', 2048)),
  features: orNull(features),
  domain_devices: z.optional(yesOrNo('domain_devices')),
  trial_days: orNull(wholeNumber('trial_days', 1, 365)),
  any_machine_files: z.optional(yesOrNo('any_machine_files')),
  offline_page: z.optional(yesOrNo('offline_page')),
}

const FIELDS = z.object({ name: z.optional(productName), ...SETTING_FIELDS })

/** @returns the values of the placeholders of a new or changed product */
export function settingValues(body: z.output<typeof FIELDS>): Record<string, string | number | null> {
  return productValues({
    ...body,
    description: body.description === null ? '' : body.description,
    external_reference: body.external_reference === null ? '' : body.external_reference,
    delivery_webhook_url: body.delivery_webhook_url === null ? '' : body.delivery_webhook_url,
    features: body.features === null ? NOT_SET : body.features,
    trial_days: body.trial_days === null ? 0 : body.trial_days,
    require_non_expired: flag(body.require_non_expired),
    domain_devices: flag(body.domain_devices),
    any_machine_files: flag(body.any_machine_files),
    offline_page: flag(body.offline_page),
  })
}

function flag(value: boolean | undefined): number | undefined {
  return value === undefined ? undefined : Number(value)
}
