/** `keyseal offers`: what is sold at payment providers, and what it stands for here. */
import { type Command, Option } from 'commander'
import type { ProviderName } from '../../src/payments/provider.ts'
import { type Place, runSql, sqlText } from '../database.ts'
import { addCommand, addGroup, listed, numberOption, required, said, textOption } from './command.ts'
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

const externalId = () =>
  required(
    textOption(
      '--external-id <id>',
      "the provider's id of what is sold: a Stripe price, product or payment link, a Paddle price or product, a Lemon Squeezy variant, a Polar or Dodo product",
      (text) => text.length >= 1 && text.length <= 255,
      '1 to 255 characters',
    ),
  )

export function addOffers(program: Command): void {
  const group = addGroup(program, 'offers', 'what is sold at payment providers, and what it stands for here')
  addCommand<Offer>(
    group,
    {
      usage: 'add',
      summary: 'tie what a provider sells to a product here',
      options: [
        provider(),
        externalId(),
        required(productId('the product here that keys are issued for')),
        validityDays(),
        activationLimit(),
        numberOption('--keys-per-unit <n>', 'keys for each unit sold, 1 to 100', 1, 100).default(1),
        new Option(
          '--mode <mode>',
          'key-per-unit: quantity times keys-per-unit keys; seats: one key, whose activation limit is the quantity times --activation-limit',
        )
          .choices(['key-per-unit', 'seats'])
          .default('key-per-unit'),
      ],
    },
    ({ options, place }) => add(place, options),
  )
  addCommand(group, { usage: 'list', summary: 'list all offers' }, async ({ place }) =>
    listed(
      await runSql(
        place,
        `select provider, external_id as externalId, product_id as product, mode, keys_per_unit as keysPerUnit,
           validity_days as validityDays, activation_limit as activationLimit
         from offers order by provider, external_id`,
      ),
      'No offers yet: npm run keyseal -- offers add --help',
    ),
  )
  addCommand<OfferName>(
    group,
    { usage: 'remove', summary: 'issue no more keys for an offer', options: [provider(), externalId()] },
    async ({ options: offer, place }) => {
      const [removed] = await runSql(
        place,
        `delete from offers where provider = ${sqlText(offer.provider)}
           and external_id = ${sqlText(offer.externalId)} returning provider, external_id as externalId`,
      )
      if (!removed) throw new Error(`There is no offer ${offer.externalId} at ${offer.provider}.`)
      return said(
        removed,
        `Offer ${offer.externalId} at ${offer.provider} removed; what was issued for it stays.`,
      )
    },
  )
}

async function add(place: Place, offer: Offer) {
  const [added] = await runSql(
    place,
    `insert into offers (provider, external_id, product_id, keys_per_unit, mode, validity_days, activation_limit)
     select ${sqlText(offer.provider)}, ${sqlText(offer.externalId)}, id, ${offer.keysPerUnit},
       ${sqlText(offer.mode)}, ${offer.validityDays}, ${offer.activationLimit}
     from products where id = ${offer.productId}
     on conflict (provider, external_id) do update set product_id = excluded.product_id,
       keys_per_unit = excluded.keys_per_unit, mode = excluded.mode,
       validity_days = excluded.validity_days, activation_limit = excluded.activation_limit
     returning provider, external_id as externalId, product_id as product`,
  )
  if (!added) {
    throw new Error(`There is no product ${offer.productId}: add it with npm run keyseal -- products add`)
  }
  return said(
    added,
    `Offer ${offer.externalId} at ${offer.provider} stands for product ${offer.productId}.\n` +
      'Orders that came before it: npm run keyseal -- events retry --unmapped',
  )
}
