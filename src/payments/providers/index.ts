import type { Provider } from '../provider.ts'
import { dodo } from './dodo.ts'
import { lemonSqueezy } from './lemon-squeezy.ts'
import { paddle } from './paddle/index.ts'
import { polar } from './polar/index.ts'
import { standard } from './standard.ts'
import { stripe } from './stripe/index.ts'

export const PROVIDERS: readonly Provider[] = [dodo, lemonSqueezy, paddle, polar, stripe, standard]

export function providerNamed(name: string): Provider | undefined {
  return PROVIDERS.find((provider) => provider.name === name)
}
