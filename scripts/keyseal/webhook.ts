/** `keyseal webhook`: sends a signed sample event to the local service and shows the result. */
import { Argument, type Command, Option } from 'commander'
import { EXPIRES_AT } from '../../src/issuing/expiry.ts'
import { PROVIDER_NAMES } from '../../src/payments/provider.ts'
import { webhookSecretName } from '../../src/payments/settings.ts'
import { type Row, runSql, sqlText } from '../database.ts'
import { DEMO_PRICE } from '../demo-data.ts'
import { devVar } from '../dev-vars.ts'
import { newWebhookSecret } from '../secrets.ts'
import { PROVIDER_SAMPLES, type ProviderSamples, type SampleEvent } from '../webhook-samples/index.ts'
import { addCommand, type CommandOutput, instant, numberOption, tableOutput, textOutput } from './command.ts'
import { EVENT_NAMES, LABELS, type SampleOptions, sampleEventsOf, sampleOrderOf } from './sample-events.ts'
import { askLocally } from './service.ts'

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
        new Option('--event <name>', 'event to send').choices(EVENT_NAMES).default('purchase'),
        new Option(
          '--subscription <name>',
          'the order belongs to this subscription; its periods have 30 days and begin on January 1, 2026 (default: none, or the order number if the event needs one)',
        ),
        numberOption(
          '--period <n>',
          'the period that a renewal pays for, or in which the other events happen (default: 1 for a renewal, otherwise 0, the first one)',
          0,
          120,
        ),
        new Option('--to-price <id>', 'external id of the offer that a plan-change buys (default: --price)'),
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
  const order = sampleOrderOf(options, Date.now())
  const [event, ...relatedEvents] = sampleEventsOf(samples, order, options)
  const { status, outcome } = await send(samples, event)
  const related: string[] = []
  if (status === 200) for (const other of relatedEvents) related.push((await send(samples, other)).outcome)
  const orderName = samples.orderName(order)
  const text =
    `Sent ${LABELS[options.event]} of order ${orderName} as ${provider}: HTTP ${status}, ${outcome}` +
    (related.length > 0 ? `. Related events: ${related.join(', ')}` : '')
  const value = { provider, event: options.event, order: orderName, status, outcome, related }
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
  samples: ProviderSamples,
  event: SampleEvent,
): Promise<{ status: number; outcome: string }> {
  const secret = devVar(webhookSecretName(samples.provider))
  const headers = await samples.sign(event, secret, Math.floor(Date.now() / 1000))
  const path = `/webhooks/${samples.provider}`
  const response = await askLocally(path, { method: 'POST', headers, body: event.body })
  const envelope = (await response.json()) as { response: { outcome?: string; message: string } }
  return { status: response.status, outcome: envelope.response.outcome ?? envelope.response.message }
}

/** The stored license keys of an order. */
function keysOf(provider: string, order: string): Promise<Row[]> {
  return runSql(
    'local',
    `select license_keys.license_key as licenseKey, license_keys.status, order_lines.order_id as "order",
       license_keys.owner_name as owner, ${instant(EXPIRES_AT)} as validUntil,
       license_keys.activation_limit as activationLimit
     from order_references
     join order_lines on order_lines.provider = order_references.provider
       and order_lines.order_id = order_references.order_id
     join license_keys using (issuance_id)
     where order_references.provider = ${sqlText(provider)} and order_references.reference = ${sqlText(order)}
     order by license_keys.id`,
  )
}
