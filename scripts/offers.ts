/** `npm run offers`: what is sold at payment providers, and what it stands for here. */
import { PROVIDER_NAMES } from '../src/payments/provider.ts'
import { oneOf, printTable, runCommand, wholeNumber } from './command.ts'
import { runSql, sqlText } from './database.ts'

const USAGE = `Usage: npm run offers -- add --provider NAME --external-id ID --product-id N
                              --validity-days N --activation-limit N
                              [--keys-per-unit N] [--mode MODE] [--remote]
       npm run offers -- list [--remote]
       npm run offers -- remove --provider NAME --external-id ID [--remote]

  --provider          ${PROVIDER_NAMES.join(', ')}
  --external-id       the provider's id of what is sold: a Stripe price, product or payment link, a Paddle price
                      or product, a Lemon Squeezy variant, a Polar or Dodo product
  --product-id        the product here that keys are issued for
  --validity-days     0 to 36500; 0: the keys do not expire. A renewal extends by as much
  --activation-limit  0 to 1000000; 0: unlimited
  --keys-per-unit     1 to 100; 1 unless given
  --mode              key-per-unit (unless given): quantity times keys-per-unit keys;
                      seats: one key, whose activation limit is the quantity times --activation-limit
  --remote            in production; without it, in the local database`

const OPTIONS = {
  provider: { type: 'string' },
  'external-id': { type: 'string' },
  'product-id': { type: 'string' },
  'validity-days': { type: 'string' },
  'activation-limit': { type: 'string' },
  'keys-per-unit': { type: 'string' },
  mode: { type: 'string' },
} as const

await runCommand(
  USAGE,
  OPTIONS,
  async (values, place, [action]) => {
    switch (oneOf('The action', action, ['add', 'list', 'remove'])) {
      case 'list':
        return printTable(
          await runSql(
            place,
            `select provider, external_id as "external id", product_id as product, mode,
               keys_per_unit as "keys per unit", validity_days as "validity days",
               activation_limit as "activation limit" from offers order by provider, external_id`,
          ),
          'No offers yet.',
        )
      case 'add': {
        const offer = {
          provider: oneOf('--provider', values.provider, PROVIDER_NAMES),
          externalId: externalId(values['external-id']),
          productId: wholeNumber('--product-id', values['product-id'], 1, 2_147_483_647),
          keysPerUnit: wholeNumber('--keys-per-unit', values['keys-per-unit'] ?? '1', 1, 100),
          mode: oneOf('--mode', values.mode ?? 'key-per-unit', ['key-per-unit', 'seats']),
          validityDays: wholeNumber('--validity-days', values['validity-days'], 0, 36_500),
          activationLimit: wholeNumber('--activation-limit', values['activation-limit'], 0, 1_000_000),
        }
        const [added] = await runSql(
          place,
          `insert into offers
             (provider, external_id, product_id, keys_per_unit, mode, validity_days, activation_limit)
           select ${sqlText(offer.provider)}, ${sqlText(offer.externalId)}, id, ${offer.keysPerUnit},
             ${sqlText(offer.mode)}, ${offer.validityDays}, ${offer.activationLimit}
           from products where id = ${offer.productId}
           on conflict (provider, external_id) do update set product_id = excluded.product_id,
             keys_per_unit = excluded.keys_per_unit, mode = excluded.mode,
             validity_days = excluded.validity_days, activation_limit = excluded.activation_limit
           returning id`,
        )
        if (!added) throw new Error(`There is no product ${offer.productId}: add it with npm run add-product`)
        return console.log(
          `Offer ${offer.externalId} at ${offer.provider} stands for product ${offer.productId}.\n` +
            'Orders that came before it: npm run events -- retry --unmapped',
        )
      }
      case 'remove': {
        const provider = oneOf('--provider', values.provider, PROVIDER_NAMES)
        const id = externalId(values['external-id'])
        const [removed] = await runSql(
          place,
          `delete from offers where provider = ${sqlText(provider)} and external_id = ${sqlText(id)} returning id`,
        )
        if (!removed) throw new Error(`There is no offer ${id} at ${provider}.`)
        return console.log(`Offer ${id} at ${provider} removed; what was issued for it stays.`)
      }
    }
  },
  1,
)

function externalId(text: string | undefined): string {
  if (text && text.length <= 255) return text
  throw new Error('--external-id is missing, or longer than 255 characters.')
}
