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
import { activationLimit, productId, provider, validityDays } from './options.ts'

interface OfferName {
  readonly provider: ProviderName
  readonly externalId: string
}

interface Offer extends OfferName {
  readonly productId: number
  readonly validityDays: number
  readonly activationLimit: number
  readonly keysPerUnit: number
  readonly mode: 'key-per-unit' | 'seats'
}

interface NewOffer extends Offer {
  readonly replace?: boolean
}

const externalId = () =>
  required(
    textOption(
      '--external-id <id>',
      "the provider's id of what is sold, 1 to 255 characters: a Stripe price, product or payment link, a Paddle price or product, a Lemon Squeezy variant, a Polar or Dodo product",
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
        validityDays(),
        activationLimit(),
        numberOption('--keys-per-unit <n>', 'keys for each unit sold, 1 to 100', 1, 100).default(1),
        new Option(
          '--mode <mode>',
          'key-per-unit: quantity times keys-per-unit keys; seats: one key, whose activation limit is the quantity times --activation-limit',
        )
          .choices(['key-per-unit', 'seats'])
          .default('key-per-unit'),
        new Option('--replace', 'change an existing offer to these terms'),
      ],
    },
    ({ options, place }) => add(place, options),
  )
  addCommand(group, { usage: 'list', summary: 'list all offers' }, async ({ place }) =>
    tableOutput(
      await runSql(place, `select ${TERMS} from offers order by provider, external_id`),
      'No offers yet: npm run keyseal -- offers add --help',
    ),
  )
  addCommand<OfferName>(
    group,
    { usage: 'remove', summary: 'stop issuing keys for an offer', options: [provider(), externalId()] },
    async ({ options: offer, place }) => {
      const [removed] = await runSql(
        place,
        `delete from offers where ${isOffer(offer)} returning provider, external_id as externalId`,
      )
      if (!removed) throw new Error(`There is no offer ${offer.externalId} at ${offer.provider}.`)
      return textOutput(
        removed,
        `Offer ${offer.externalId} at ${offer.provider} removed. Keys that it issued are not changed.`,
      )
    },
  )
}

const TERMS = `provider, external_id as externalId, product_id as product, mode, keys_per_unit as keysPerUnit,
  validity_days as validityDays, activation_limit as activationLimit`

/** SQL, a condition. */
function isOffer({ provider: name, externalId: id }: OfferName): string {
  return `provider = ${sqlText(name)} and external_id = ${sqlText(id)}`
}

async function add(place: Place, offer: NewOffer): Promise<CommandOutput> {
  const select = `select ${TERMS} from offers where ${isOffer(offer)}`
  const [[before] = [], , [after] = []] = await runStatements(place, [select, insert(offer), select])
  if (before && !offer.replace && !hasTermsOf(before, offer)) throw new Error(isTiedAlready(before))
  if (after?.product !== offer.productId) {
    throw new Error(`There is no product ${offer.productId}. Add it: npm run keyseal -- products add`)
  }
  const isChanged = !before || !hasTermsOf(before, offer)
  const name = `Offer ${offer.externalId} at ${offer.provider}`
  return textOutput(
    { ...after, isChanged },
    isChanged
      ? `${name} sells product ${offer.productId}.\nTo issue keys for earlier orders: npm run keyseal -- events retry --unmapped`
      : `${name} already sells product ${offer.productId} on the same terms.`,
  )
}

/** What buyers get is changed on purpose only. */
function insert(offer: NewOffer): string {
  const onConflict = offer.replace
    ? `update set product_id = excluded.product_id, keys_per_unit = excluded.keys_per_unit, mode = excluded.mode,
         validity_days = excluded.validity_days, activation_limit = excluded.activation_limit`
    : 'nothing'
  return `insert into offers (provider, external_id, product_id, keys_per_unit, mode, validity_days, activation_limit)
    select ${sqlText(offer.provider)}, ${sqlText(offer.externalId)}, id, ${offer.keysPerUnit},
      ${sqlText(offer.mode)}, ${offer.validityDays}, ${offer.activationLimit}
    from products where id = ${offer.productId}
    on conflict (provider, external_id) do ${onConflict}`
}

function hasTermsOf(row: Row, offer: Offer): boolean {
  const { product, mode, keysPerUnit, validityDays: days, activationLimit: limit } = row
  return (
    product === offer.productId &&
    mode === offer.mode &&
    keysPerUnit === offer.keysPerUnit &&
    days === offer.validityDays &&
    limit === offer.activationLimit
  )
}

function isTiedAlready(row: Row): string {
  return (
    `Offer ${row.externalId} at ${row.provider} already sells product ${row.product} with ` +
    `--validity-days ${row.validityDays} --activation-limit ${row.activationLimit} ` +
    `--keys-per-unit ${row.keysPerUnit} --mode ${row.mode}, and was not changed. ` +
    'To change it, repeat the command with --replace.'
  )
}
