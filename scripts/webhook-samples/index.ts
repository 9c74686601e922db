/** The samples of all payment providers. */
import { creemSamples } from './creem.ts'
import { dodoSamples } from './dodo.ts'
import { fastspringSamples } from './fastspring.ts'
import { lemonSqueezySamples } from './lemon-squeezy.ts'
import { paddleSamples } from './paddle.ts'
import { polarSamples } from './polar.ts'
import type { ProviderSamples } from './sample.ts'
import { shopifySamples } from './shopify.ts'
import { standardSamples } from './standard.ts'
import { stripeSamples } from './stripe.ts'
import { woocommerceSamples } from './woocommerce.ts'

export const PROVIDER_SAMPLES: readonly ProviderSamples[] = [
  creemSamples,
  dodoSamples,
  fastspringSamples,
  lemonSqueezySamples,
  paddleSamples,
  polarSamples,
  shopifySamples,
  stripeSamples,
  woocommerceSamples,
  standardSamples,
]
export type { ProviderSamples, SampleEvent, SampleLine, SampleOrder } from './sample.ts'
