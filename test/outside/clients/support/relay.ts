/** Stands between an app and the service: it forwards, records, replays, or loses answers. */
import { createServer } from 'node:http'

export interface Relay {
  readonly origin: string
  /** The bodies of the answers, in order. */
  readonly answers: string[]
  /** What happens to the next requests. A text is the answer to each of them. */
  next: 'forward' | 'lose the answer' | { readonly replay: string }
  readonly close: () => Promise<void>
}

export async function startRelay(target: string): Promise<Relay> {
  const relay: { next: Relay['next']; answers: string[] } = { next: 'forward', answers: [] }
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk)
    if (typeof relay.next === 'object') {
      response.writeHead(200, { 'Content-Type': 'application/json' }).end(relay.next.replay)
      return
    }
    const headers = Object.entries(request.headers).filter(
      ([name]) => !['host', 'connection', 'content-length', 'expect'].includes(name),
    )
    const answer = await fetch(`${target}${request.url}`, {
      method: request.method ?? 'POST',
      headers: Object.fromEntries(headers) as Record<string, string>,
      body: Buffer.concat(chunks),
    })
    const body = await answer.text()
    relay.answers.push(body)
    if (relay.next === 'lose the answer') request.socket.destroy()
    else response.writeHead(answer.status, { 'Content-Type': 'application/json' }).end(body)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  const port = typeof address === 'object' && address ? address.port : 0
  const close = () =>
    new Promise<void>((resolve) => {
      server.close(() => resolve())
      server.closeAllConnections()
    })
  return Object.assign(relay, { origin: `http://127.0.0.1:${port}`, close })
}
