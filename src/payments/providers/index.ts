import type { Provider } from '../provider.ts'
import { creem } from './creem/index.ts'
import { dodo } from './dodo/index.ts'
import { fastspring } from './fastspring.ts'
import { lemonSqueezy } from './lemon-squeezy.ts'
import { paddle } from './paddle/index.ts'
import { polar } from './polar/index.ts'
import { shopify } from './shopify.ts'
import { standard } from './standard/index.ts'
import { stripe } from './stripe/index.ts'
import { woocommerce } from './woocommerce/index.ts'

export const PROVIDERS: readonly Provider[] = [
  creem,
  dodo,
  fastspring,
  lemonSqueezy,
  paddle,
  polar,
  shopify,
  stripe,
  woocommerce,
  standard,
]

export function providerNamed(name: string): Provider | undefined {
  return PROVIDERS.find((provider) => provider.name === name)
}
