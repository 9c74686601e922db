/** The server behind test/support/outbound.ts. It runs outside of the Workers runtime, during all tests. */
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { setTimeout as wait } from 'node:timers/promises'
import { CONTROL_ORIGIN, type OutboundReaction, type OutboundRequest } from '../../support/outbound.ts'

interface Target {
  reactions: OutboundReaction[]
  readonly requests: OutboundRequest[]
}

/** Targets by URL without query. */
const targets = new Map<string, Target>()

/** @returns its origin */
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
    response.end(JSON.stringify(handleControl(new URL(url).pathname, JSON.parse(body))))
    return
  }
  const target = targetAt(url)
  target.requests.push({ method: String(request.method), url, headers: headersOf(request), body })
  await react(response, target.reactions.length > 1 ? target.reactions.shift() : target.reactions[0])
}

function handleControl(path: string, command: { url: string; reactions?: OutboundReaction[] }): unknown {
  const target = targetAt(command.url)
  if (path === '/requests') return target.requests
  target.reactions = command.reactions ?? []
  return null
}

function targetAt(url: string): Target {
  const { origin, pathname } = new URL(url)
  const target = targets.get(origin + pathname) ?? { reactions: [], requests: [] }
  targets.set(origin + pathname, target)
  return target
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
