/** The events of a timeline in plain sentences. */

export interface TimelineEvent {
  /** Milliseconds UTC. */
  readonly at: number
  readonly rank: number
  readonly id: number
  /** For changes: the name of the operation. */
  readonly kind: string
  readonly actor: string | null
  /** Of an operator, an API key or a contract. */
  readonly actorName: string | null
  readonly details: Readonly<Record<string, unknown>>
}

interface Summary {
  readonly kind: string
  readonly summary: string
}

/** The kind and sentence of changes, by the name of their operation. */
const CHANGES: Readonly<Record<string, readonly [kind: string, summary: string]>> = {
  'licenses.block': ['blocked', 'The license was blocked.'],
  'licenses.unblock': ['unblocked', 'The block of the license was ended.'],
  'licenses.reissue': ['reissued', 'The license was replaced by a new one.'],
  'licenses.release-device': ['device-freed', 'A device was freed.'],
  'licenses.resend': ['resent', 'The license was sent again.'],
  'licenses.update': ['changed', 'The license was changed.'],
  'update-license-key': ['changed', 'The license was changed through the API.'],
}

const SENTENCES: Readonly<Record<string, (event: TimelineEvent) => string>> = {
  created: () => 'The license key was added to the stock.',
  ordered: () => 'The license was ordered through the queue.',
  issued: issuedSentence,
  reissued: () => 'The license was replaced by a new one.',
  'delivery-pending': (event) => `The ${messageOf(event)} is waiting to be sent.`,
  'delivery-delivered': (event) => `The ${messageOf(event)} was sent.`,
  'delivery-failed': (event) => `The ${messageOf(event)} could not be sent.`,
  'delivery-cancelled': (event) => `The ${messageOf(event)} was canceled.`,
  'delivery-arrived': (event) => `The ${messageOf(event)} arrived.`,
  'delivery-bounced': (event) => `The ${messageOf(event)} bounced.`,
  'delivery-rejected': (event) => `The e-mail service does not send the ${messageOf(event)}.`,
  'delivery-complained': (event) => `The recipient reported the ${messageOf(event)} as spam.`,
  activated: ({ details }) => `The license was activated on ${details.identifier}.`,
  deactivated: ({ details }) => `${details.identifier} was deactivated while its license file was valid.`,
  paid: ({ details }) => `A period of the subscription ${details.subscription} was paid.`,
  refunded: () => 'The payment was refunded or disputed.',
  'refund-ended': () => 'A refund failed, or a dispute was won.',
}

export function summaryOf(event: TimelineEvent): Summary {
  const [changeKind, summary] = CHANGES[event.kind] ?? []
  if (changeKind !== undefined && summary !== undefined) return { kind: changeKind, summary }
  const sentence = SENTENCES[event.kind]
  if (sentence) return { kind: event.kind, summary: sentence(event) }
  return { kind: 'changed', summary: `The license was changed: ${event.kind}.` }
}

function issuedSentence({ details, actorName }: TimelineEvent): string {
  const { provider, order, source, reissued_from: reissuedFrom } = details
  if (reissuedFrom !== null) return `The license was issued in place of license ${reissuedFrom}.`
  if (provider !== null) return `The license was issued for order ${order} at ${provider}.`
  return `The license was issued by ${actorName ?? source}.`
}

function messageOf({ details: { channel, recipient } }: TimelineEvent): string {
  if (channel !== 'email') return 'webhook'
  return recipient === null ? 'e-mail' : `e-mail to ${recipient}`
}
