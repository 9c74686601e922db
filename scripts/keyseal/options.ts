/** Options that several commands have. */
import { InvalidArgumentError, Option } from 'commander'
import { canonicalNetwork } from '../../src/callers/networks.ts'
import { PROVIDER_NAMES } from '../../src/payments/provider.ts'
import { readFeatures } from '../../src/protocol/features.ts'
import { isTextOfAtMost } from '../../src/protocol/owner.ts'
import { numberOption, required, textOption } from './command.ts'

export const name = (description: string) => {
  const isName = (text: string) => isTextOfAtMost(text.trim(), 255)
  const rule = '1 to 255 characters without control characters'
  return required(textOption('--name <text>', description, isName, rule))
}

export const productId = (description: string) =>
  numberOption('--product-id <id>', description, 1, 2_147_483_647)

/** @param otherwise what holds where it is left out; undefined: it must be given */
export const validityDays = (otherwise?: string) =>
  unless(otherwise, (more) =>
    numberOption('--validity-days <n>', `0 to 36500; 0: the keys do not expire${more}`, 0, 36_500),
  )

/** @param otherwise as of `validityDays` */
export const activationLimit = (otherwise?: string) =>
  unless(otherwise, (more) =>
    numberOption(
      '--activation-limit <n>',
      `0 to 1000000; 0: as many as ACTIVATIONS_MAX allows${more}`,
      0,
      1_000_000,
    ),
  )

function unless(otherwise: string | undefined, option: (more: string) => Option): Option {
  return otherwise === undefined ? required(option('')) : option(`; default: ${otherwise}`)
}

/** An option whose value is a JSON array. @param description what the features are, and what counts without them */
export const features = (description: string) =>
  new Option('--features <names>', `${description}; names separated by commas, "[]" for none`).argParser(
    (text) => {
      const read = readFeatures(text)
      if (read.kind === 'features') return JSON.stringify(read.names)
      throw new InvalidArgumentError(`It ${read.rule}.`)
    },
  )

/** @param features a JSON array of the database, or null */
export function namesOf(features: unknown): readonly string[] | null {
  return typeof features === 'string' ? JSON.parse(features) : null
}

export const provider = () =>
  required(new Option('--provider <name>', 'the payment provider').choices(PROVIDER_NAMES))

/** @returns the network's one spelling */
export function networkOf(text: string): string {
  const network = canonicalNetwork(text)
  if (network !== undefined) return network
  throw new InvalidArgumentError('It must be an IP address or a network, such as 203.0.113.0/24.')
}
