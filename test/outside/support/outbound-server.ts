/** The server behind test/support/outbound.ts. It runs outside of the Workers runtime, for as long as the tests. */
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { setTimeout as wait } from 'node:timers/promises'
import { CONTROL_ORIGIN, type OutboundReaction, type OutboundRequest } from '../../support/outbound.ts'

interface Place {
  reactions: OutboundReaction[]
  readonly requests: OutboundRequest[]
}

/** By address without query. */
const places = new Map<string, Place>()

/** @returns where it listens */
export async function startOutboundServer(): Promise<string> {
  const server = createServer((request, response) => {
    respond(request, response).catch((error: unknown) => response.destroy(error as Error))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  server.unref()
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
}

async function respond(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const url = String(request.headers['x-original-url'])
  const body = await text(request)
  if (url.startsWith(CONTROL_ORIGIN)) {
    response.end(JSON.stringify(controlled(new URL(url).pathname, JSON.parse(body))))
    return
  }
  const place = placeAt(url)
  place.requests.push({ method: String(request.method), url, headers: headersOf(request), body })
  await react(response, place.reactions.length > 1 ? place.reactions.shift() : place.reactions[0])
}

function controlled(path: string, question: { url: string; reactions?: OutboundReaction[] }): unknown {
  const place = placeAt(question.url)
  if (path === '/requests') return place.requests
  place.reactions = question.reactions ?? []
  return null
}

function placeAt(url: string): Place {
  const { origin, pathname } = new URL(url)
  const place = places.get(origin + pathname) ?? { reactions: [], requests: [] }
  places.set(origin + pathname, place)
  return place
}

function headersOf({ headers }: IncomingMessage): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, String(value)]))
}

async function react(response: ServerResponse, reaction: OutboundReaction = { status: 501 }): Promise<void> {
  if (reaction === 'none') {
    response.writeHead(502, { 'X-Connection-Lost': 'true' }).end()
    return
  }
  const { status = 200, headers = {}, body = '', delayMs = 0 } = reaction
  await wait(delayMs)
  response.writeHead(status, headers).end(body)
}
