/**
 * What the Worker under test finds when it fetches: a real HTTP server on 127.0.0.1 that answers for every host
 * there is, as a test tells it to.
 *
 *   const url = outboundUrl()                       // an address that no other test uses
 *   await answerAt(url, { status: 500 }, {})        // to the first request 500, to all others 200
 *   ... something that fetches the address ...
 *   const [first, second] = await requestsTo(url)   // what came, with headers and body
 *
 * An address may be anybody's: answerAt('https://api.stripe.com/v1/checkout/sessions/cs_<random>', { body: '...' }).
 * Test files run at the same time and share the server, so a path must be the test's own. The query does not
 * tell addresses apart, but requestsTo tells it. What nobody has registered is answered 501.
 */

export interface OutboundAnswer {
  /** 200 where it is left out. */
  readonly status?: number
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
  /** How long it takes. */
  readonly delayMs?: number
}

export interface OutboundRequest {
  readonly method: string
  /** With its query. */
  readonly url: string
  /** By lower-case name. */
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

/** 'none': the connection is lost. */
export type OutboundReaction = OutboundAnswer | 'none'

/** The server's own address, as the Worker sees it. */
export const CONTROL_ORIGIN = 'https://outbound.test'

/** An https address of a public host that no other test uses. */
export function outboundUrl(): string {
  return `https://receiver-${crypto.randomUUID()}.test/deliveries`
}

/** The first request is met by the first reaction and so on, all that come later by the last. */
export async function answerAt(url: string, ...reactions: readonly OutboundReaction[]): Promise<void> {
  await control('/reactions', { url, reactions })
}

/** Every request that came to the address, whatever it was answered, in the order of their arrival. */
export async function requestsTo(url: string): Promise<OutboundRequest[]> {
  return (await control('/requests', { url })) as OutboundRequest[]
}

async function control(path: string, question: unknown): Promise<unknown> {
  const response = await fetch(`${CONTROL_ORIGIN}${path}`, { method: 'POST', body: JSON.stringify(question) })
  if (!response.ok) throw new Error(`The outbound server answers ${response.status}.`)
  return response.json()
}
