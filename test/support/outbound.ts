/**
 * Controls the server that receives every request of the Worker under test: a real HTTP server on 127.0.0.1 that
 * stands in for every host.
 *
 *   const url = outboundUrl()                        // a URL that no other test uses
 *   await stubResponses(url, { status: 500 }, {})    // 500 to the first request, 200 to all others
 *   ... something that fetches the URL ...
 *   const [first, second] = await requestsTo(url)    // the requests, with headers and body
 *
 * Any host works: stubResponses('https://api.stripe.com/v1/checkout/sessions/cs_<random>', { body: '...' }).
 * Test files run at the same time and share the server, so each test needs its own path. The query does not count
 * when a URL is looked up, but `requestsTo` returns it. The server answers 501 to a URL without a stub.
 */

export interface OutboundResponse {
  /** By default 200. */
  readonly status?: number
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
  /** Milliseconds before the response. */
  readonly delayMs?: number
}

export interface OutboundRequest {
  readonly method: string
  /** Includes the query. */
  readonly url: string
  /** By lower-case name. */
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

/** 'none': the connection breaks before a response. */
export type OutboundReaction = OutboundResponse | 'none'

/** The server's own origin, as the Worker sees it. */
export const CONTROL_ORIGIN = 'https://outbound.test'

/** An https URL of a public host that no other test uses. */
export function outboundUrl(): string {
  return `https://receiver-${crypto.randomUUID()}.test/deliveries`
}

/** Sets the reactions to the first, second and later requests. The last reaction repeats. */
export async function stubResponses(url: string, ...reactions: readonly OutboundReaction[]): Promise<void> {
  await control('/reactions', { url, reactions })
}

/** All requests to the URL, in the order of their arrival. */
export async function requestsTo(url: string): Promise<OutboundRequest[]> {
  return (await control('/requests', { url })) as OutboundRequest[]
}

async function control(path: string, body: unknown): Promise<unknown> {
  const response = await fetch(`${CONTROL_ORIGIN}${path}`, { method: 'POST', body: JSON.stringify(body) })
  if (!response.ok) throw new Error(`The outbound server answered ${response.status}.`)
  return response.json()
}
