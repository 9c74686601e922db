/** `keyseal offers`: what is sold at payment providers, and what it stands for here. */
import { type Command, Option } from 'commander'
import type { ProviderName } from '../../src/payments/provider.ts'
import { type Place, type Row, runSql, runStatements, sqlText } from '../database.ts'
import {
  addCommand,
  addGroup,
  type CommandOutput,
  numberOption,
  required,
  tableOutput,
  textOption,
  textOutput,
} from './command.ts'
import { activationLimit, features, namesOf, productId, provider, validityDays } from './options.ts'

interface OfferName {
  readonly provider: ProviderName
  readonly externalId: string
}

interface NewOffer extends OfferName {
  readonly productId: number
  readonly validityDays?: number
  readonly ownValidity?: boolean
  readonly graceDays: number
  readonly activationLimit: number
  readonly keysPerUnit: number
  readonly mode: 'key-per-unit' | 'seats'
  /** A JSON array. */
  readonly features?: string
  readonly replace?: boolean
}

const externalId = () =>
  required(
    textOption(
      '--external-id <id>',
      "the provider's id of what is sold, 1 to 255 characters: a Stripe price, product or payment link, a Paddle price or product, a Lemon Squeezy or Shopify variant, a Polar, Dodo, Creem or WooCommerce product, a FastSpring product path",
      (text) => text.length >= 1 && text.length <= 255,
      '1 to 255 characters',
    ),
  )

export function addOffers(program: Command): void {
  const group = addGroup(
    program,
    'offers',
    'what payment providers sell, and the product and terms of its license keys',
  )
  addCommand<NewOffer>(
    group,
    {
      usage: 'add',
      summary: 'map what a provider sells to a product; existing offers are not changed',
      options: [
        provider(),
        externalId(),
        required(productId('the product whose keys are issued')),
        ...termOptions(),
        new Option('--replace', 'give an existing offer these terms, for orders from now on'),
      ],
    },
    ({ options, place }) => add(place, options),
  )
  addCommand(group, { usage: 'list', summary: 'list all offers' }, async ({ place }) => {
    const select = `select ${TERMS} from offers where removed_at is null order by provider, external_id`
    return tableOutput(
      (await runSql(place, select)).map(shown),
      'No offers yet: npm run keyseal -- offers add --help',
    )
  })
  addCommand<OfferName>(
    group,
    { usage: 'remove', summary: 'stop issuing keys for an offer', options: [provider(), externalId()] },
    async ({ options: offer, place }) => {
      const [removed] = await runSql(place, `${removal(offer)} returning provider, external_id as externalId`)
      if (!removed) throw new Error(`There is no offer ${offer.externalId} at ${offer.provider}.`)
      return textOutput(
        removed,
        `Offer ${offer.externalId} at ${offer.provider} removed. Keys that it issued are not changed.`,
      )
    },
  )
}

/** The terms of the license keys. */
function termOptions(): Option[] {
  return [
    validityDays('0'),
    new Option(
      '--own-validity',
      'the keys of a subscription keep --validity-days; without it, they are valid until the end of what was paid for',
    ),
    numberOption(
      '--grace-days <n>',
      'how long the keys of a subscription stay valid after the end of what was paid for, 0 to 365',
      0,
      365,
    ).default(3),
    activationLimit(),
    numberOption('--keys-per-unit <n>', 'keys for each unit sold, 1 to 100', 1, 100).default(1),
    new Option(
      '--mode <mode>',
      'key-per-unit: quantity times keys-per-unit keys; seats: one key, whose activation limit is the quantity times --activation-limit',
    )
      .choices(['key-per-unit', 'seats'])
      .default('key-per-unit'),
    features('what the keys unlock; default: the features of the product'),
  ]
}

const TERMS = `provider, external_id as externalId, product_id as product, mode, keys_per_unit as keysPerUnit,
  validity_days as validityDays, activation_limit as activationLimit,
  follows_subscription as followsSubscription, grace_days as graceDays, features`

function shown(row: Row): Row {
  return { ...row, followsSubscription: row.followsSubscription === 1, features: namesOf(row.features) }
}

/** SQL, a condition: the offer sells. */
function isSold({ provider: name, externalId: id }: OfferName): string {
  return `provider = ${sqlText(name)} and external_id = ${sqlText(id)} and removed_at is null`
}

/** SQL. Orders refer to the row, so it stays. */
function removal(offer: OfferName, where = 'true'): string {
  return `update offers set removed_at = ${Date.now()} where ${isSold(offer)} and ${where}`
}

/** New terms are a new row, so that earlier orders keep theirs. */
async function add(place: Place, offer: NewOffer): Promise<CommandOutput> {
  const terms = termsOf(offer)
  const isSame = Object.entries(terms)
    .map(([column, value]) => `${column} is ${value}`)
    .join(' and ')
  const select = `select id, ${isSame} as isSame, ${TERMS} from offers where ${isSold(offer)}`
  const product = `from products where id = ${offer.productId}`
  const results = await runStatements(place, [
    select,
    ...(offer.replace ? [removal(offer, `not (${isSame}) and exists (select 1 ${product})`)] : []),
    `insert into offers (provider, external_id, ${Object.keys(terms).join(', ')})
     select ${sqlText(offer.provider)}, ${sqlText(offer.externalId)}, ${Object.values(terms).join(', ')} ${product}
     on conflict do nothing`,
    select,
  ])
  const [before, after] = [results.at(0)?.[0], results.at(-1)?.[0]]
  if (after && !offer.replace && after.isSame !== 1) throw new Error(isTiedAlready(shown(after)))
  if (after?.isSame !== 1) {
    throw new Error(`There is no product ${offer.productId}. Add it: npm run keyseal -- products add`)
  }
  const { id, isSame: _, ...stored } = after
  const isChanged = before?.id !== id
  const name = `Offer ${offer.externalId} at ${offer.provider}`
  return textOutput(
    { ...shown(stored), isChanged },
    isChanged
      ? `${name} sells product ${offer.productId}.\nTo issue keys for earlier orders: npm run keyseal -- events retry --unmapped`
      : `${name} already sells product ${offer.productId} on the same terms.`,
  )
}

/** The columns of the terms, with values in SQL. */
function termsOf(offer: NewOffer): Readonly<Record<string, string | number>> {
  return {
    product_id: offer.productId,
    keys_per_unit: offer.keysPerUnit,
    mode: sqlText(offer.mode),
    validity_days: offer.validityDays ?? 0,
    activation_limit: offer.activationLimit,
    follows_subscription: offer.ownValidity ? 0 : 1,
    grace_days: offer.graceDays,
    features: offer.features === undefined ? 'null' : sqlText(offer.features),
  }
}

function isTiedAlready(offer: Row): string {
  const { features: names } = offer
  const options = [
    `--validity-days ${offer.validityDays} --activation-limit ${offer.activationLimit}`,
    `--keys-per-unit ${offer.keysPerUnit} --mode ${offer.mode} --grace-days ${offer.graceDays}`,
    ...(offer.followsSubscription ? [] : ['--own-validity']),
    ...(Array.isArray(names) ? [`--features ${names.join(',') || '"[]"'}`] : []),
  ]
  return (
    `Offer ${offer.externalId} at ${offer.provider} already sells product ${offer.product} with ` +
    `${options.join(' ')}, and was not changed. To change it, repeat the command with --replace.`
  )
}
