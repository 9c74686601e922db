/** `keyseal webhook`: sends a signed sample event to the local service and shows the result. */
import { Argument, type Command, Option } from 'commander'
import { PROVIDER_NAMES } from '../../src/payments/provider.ts'
import { webhookSecretName } from '../../src/payments/settings.ts'
import { type Row, runSql, sqlText } from '../database.ts'
import { DEMO_PRICE } from '../demo-data.ts'
import { devVar } from '../dev-vars.ts'
import { newWebhookSecret } from '../secrets.ts'
import { PROVIDER_SAMPLES } from '../webhook-samples/index.ts'
import { addCommand, type CommandOutput, numberOption, tableOutput, textOutput } from './command.ts'
import { askLocally } from './service.ts'

interface SampleOptions {
  readonly price: string
  readonly quantity: number
  readonly order?: string
  readonly event: 'purchase' | 'refund'
}

export function addWebhook(program: Command): void {
  addCommand<SampleOptions>(
    program,
    {
      usage: 'webhook',
      summary: 'send a signed sample webhook of a payment provider to the local service, and show the result',
      words: [new Argument('<provider>', 'the payment provider').choices(PROVIDER_NAMES)],
      options: [
        new Option('--price <id>', 'external id of the offer that is sold').default(DEMO_PRICE),
        numberOption('--quantity <n>', 'quantity, if the provider sends one', 1, 10_000).default(1),
        new Option(
          '--order <name>',
          'order number; repeat it to send another event of the same order (default: a new number)',
        ),
        new Option('--event <name>', 'event to send').choices(['purchase', 'refund']).default('purchase'),
      ],
      isLocalOnly: true,
    },
    ({ options, words: [provider = ''] }) => sendSample(provider, options),
  )
  addCommand(
    program,
    { usage: 'webhook-secret', summary: 'print a new secret for signed webhooks', isLocalOnly: true },
    () => {
      const secret = newWebhookSecret()
      // No newline: it would become part of a piped secret.
      return { value: { secret }, print: () => process.stdout.write(secret) }
    },
  )
}

async function sendSample(provider: string, options: SampleOptions): Promise<CommandOutput> {
  const samples = PROVIDER_SAMPLES.find((known) => known.provider === provider)
  if (!samples) throw new Error(`No sample events for ${provider}.`)
  const now = Date.now()
  const order = {
    order: options.order ?? String(now),
    externalId: options.price,
    quantity: options.quantity,
    now,
  }
  const event = samples[options.event](order)
  const secret = devVar(webhookSecretName(samples.provider))
  const headers = await samples.sign(event, secret, Math.floor(now / 1000))
  const { status, outcome } = await send(`/webhooks/${provider}`, headers, event.body)
  const orderName = samples.orderName(order)
  const text = `Sent a ${options.event} of order ${orderName} as ${provider}: HTTP ${status}, ${outcome}`
  const value = { provider, event: options.event, order: orderName, status, outcome }
  if (status !== 200) return textOutput(value, text)

  const licenseKeys = await keysOf(provider, orderName)
  const table = tableOutput(licenseKeys, 'No license keys. See why: npm run keyseal -- events list')
  return {
    value: { ...value, licenseKeys },
    print() {
      console.log(text)
      table.print()
    },
  }
}

async function send(
  path: string,
  headers: Record<string, string>,
  body: string,
): Promise<{ status: number; outcome: string }> {
  const response = await askLocally(path, { method: 'POST', headers, body })
  const envelope = (await response.json()) as { response: { outcome?: string; message: string } }
  return { status: response.status, outcome: envelope.response.outcome ?? envelope.response.message }
}

/** The stored license keys of an order. */
function keysOf(provider: string, order: string): Promise<Row[]> {
  return runSql(
    'local',
    `select license_keys.license_key as licenseKey, license_keys.status, order_lines.order_id as "order",
       license_keys.owner_name as owner, license_keys.validity_days as validityDays,
       license_keys.activation_limit as activationLimit
     from order_references
     join order_lines on order_lines.provider = order_references.provider
       and order_lines.order_id = order_references.order_id
     join license_keys using (issuance_id)
     where order_references.provider = ${sqlText(provider)} and order_references.reference = ${sqlText(order)}
     order by license_keys.id`,
  )
}
