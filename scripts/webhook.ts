/** `npm run webhook`: sends a signed sample delivery to the local service, and shows what came of it. */
import { PROVIDER_NAMES } from '../src/payments/provider.ts'
import { webhookSecretName } from '../src/payments/settings.ts'
import { oneOf, printTable, runCommand, wholeNumber } from './command.ts'
import { runSql, sqlText } from './database.ts'
import { DEMO_PRICE } from './demo-data.ts'
import { devVar } from './dev-vars.ts'
import { PROVIDER_SAMPLES } from './webhook-samples/index.ts'

const EVENTS = ['purchase', 'refund'] as const

const USAGE = `Usage: npm run webhook -- PROVIDER [--price ID] [--quantity N] [--order NAME] [--event NAME]

  PROVIDER    ${PROVIDER_NAMES.join(', ')}
  --price     what is sold, as an offer knows it (npm run offers -- list); ${DEMO_PRICE} unless given
  --quantity  where the provider tells one; 1 unless given
  --order     the order's number; a new one unless given: the same again is the same order
  --event     ${EVENTS.join(' or ')}; purchase unless given

It is signed with the provider's secret in .dev.vars and sent to http://127.0.0.1:8787, or to PORT.`

const OPTIONS = {
  price: { type: 'string' },
  quantity: { type: 'string' },
  order: { type: 'string' },
  event: { type: 'string' },
} as const

await runCommand(
  USAGE,
  OPTIONS,
  async (values, place, [provider]) => {
    if (place === 'remote') throw new Error('Samples go to the local service only.')
    const name = oneOf('The provider', provider, PROVIDER_NAMES)
    const kind = oneOf('--event', values.event ?? 'purchase', EVENTS)
    const now = Date.now()
    const order = {
      order: values.order ?? String(now),
      externalId: values.price ?? DEMO_PRICE,
      quantity: wholeNumber('--quantity', values.quantity ?? '1', 1, 10_000),
      now,
    }
    const samples = PROVIDER_SAMPLES.find(({ provider: known }) => known === name)
    if (!samples) throw new Error(`There are no samples of ${name}.`)
    const event = samples[kind](order)
    const headers = await samples.sign(event, devVar(webhookSecretName(name)), Math.floor(now / 1000))
    const { status, outcome } = await send(`/webhooks/${name}`, headers, event.body)
    console.log(
      `${name} told of the ${kind} of order ${samples.orderName(order)}: HTTP ${status}, ${outcome}`,
    )
    if (status === 200) await showKeys(name, event.body)
  },
  1,
)

async function send(
  path: string,
  headers: Record<string, string>,
  body: string,
): Promise<{ status: number; outcome: string }> {
  const origin = `http://127.0.0.1:${process.env.PORT || 8787}`
  const response = await fetch(origin + path, { method: 'POST', headers, body }).catch(() => {
    throw new Error(`No service answers at ${origin}: start it with npm start.`)
  })
  const { response: answer } = (await response.json()) as { response: { outcome?: string; message: string } }
  return { status: response.status, outcome: answer.outcome ?? answer.message }
}

/** What is stored for the order that this very event tells of. */
async function showKeys(provider: string, body: string): Promise<void> {
  const rows = await runSql(
    'local',
    `select license_keys.license_key as "license key", license_keys.status, order_lines.order_id as "order",
       license_keys.owner_name as owner, license_keys.validity_days as "validity days",
       license_keys.activation_limit as "activation limit"
     from webhook_events
     join order_references on order_references.provider = webhook_events.provider
       and order_references.reference = webhook_events.order_id
     join order_lines on order_lines.provider = order_references.provider
       and order_lines.order_id = order_references.order_id
     join license_keys using (issuance_id)
     where webhook_events.provider = ${sqlText(provider)} and webhook_events.payload = ${sqlText(body)}
     order by license_keys.id`,
  )
  printTable(rows, 'No license keys: npm run events -- list says why.')
}
