/** An HTTP server that answers as the Worker does: a signed envelope whose response ends with a proof. */
import { createHash, sign } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { pemOf, rsaPair, type SigningKeyPair, START } from './file-maker.ts'

export interface LicenseRequest {
  readonly path: string
  readonly authorization: string | undefined
  readonly fields: Readonly<Record<string, string>>
}

export type Reaction =
  /** A signed answer with these members. */
  | { readonly code: number | string; readonly [member: string]: unknown }
  | { readonly body: string; readonly status?: number; readonly headers?: Readonly<Record<string, string>> }
  | 'hang'
  | 'drop'

export interface LicenseServer {
  readonly origin: string
  readonly requests: LicenseRequest[]
  /** Decides on each request. */
  react: (request: LicenseRequest) => Reaction | Promise<Reaction>
  readonly close: () => Promise<void>
}

/** Answers the requests in this order, and all later ones as the last. */
export function reactWith(server: LicenseServer, ...reactions: Reaction[]): void {
  const left = [...reactions]
  server.react = () => (left.length > 1 ? left.shift() : left[0]) ?? 'drop'
}

/** It signs answers, and only answers. */
export const answerPair = rsaPair
export const answerPem = pemOf(answerPair)

export async function startLicenseServer(): Promise<LicenseServer> {
  const http = createServer((request, response) => {
    respond(request, response).catch((error: unknown) => response.destroy(error as Error))
  })
  const requests: LicenseRequest[] = []
  const server: LicenseServer = { origin: '', requests, react: () => 'drop', close }

  async function respond(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const request = {
      path: String(incoming.url),
      authorization: incoming.headers.authorization,
      fields: Object.fromEntries(new URLSearchParams(await text(incoming))),
    }
    requests.push(request)
    const reaction = await server.react(request)
    if (reaction === 'hang') return
    if (reaction === 'drop') return void response.destroy()
    if (!('code' in reaction)) {
      response.writeHead(reaction.status ?? 200, reaction.headers).end(reaction.body)
      return
    }
    response.end(sealed(reaction, request.fields))
  }

  async function close(): Promise<void> {
    http.closeAllConnections()
    http.close()
    await once(http, 'close')
  }

  http.listen(0, '127.0.0.1')
  await once(http, 'listening')
  return Object.assign(server, { origin: `http://127.0.0.1:${(http.address() as AddressInfo).port}` })
}

/** @param members of the response. A member `proof` replaces members of the proof; null leaves it out */
export function sealed(
  { code, timestamp = START / 1000, proof = {}, ...members }: Readonly<Record<string, unknown>>,
  fields: Readonly<Record<string, string>>,
  pair: SigningKeyPair = answerPair,
): string {
  const response = {
    code,
    message: 'A message',
    ...members,
    timestamp,
    ...(proof === null ? {} : { proof: { ...proofOf(fields), ...(proof as object) } }),
  }
  const base64 = Buffer.from(JSON.stringify(response)).toString('base64')
  const hash = pair.publicKey.asymmetricKeyType === 'rsa' ? 'sha256' : null
  return JSON.stringify({
    response,
    response_base64: base64,
    private_key_used: 'global',
    signature: sign(hash, Buffer.from(base64), pair.privateKey).toString('base64'),
  })
}

function proofOf({ nonce, license_key, identifier }: Readonly<Record<string, string>>) {
  return {
    nonce,
    license_key_sha256:
      license_key === undefined ? null : createHash('sha256').update(license_key.trim()).digest('hex'),
    identifier: identifier?.trim() ?? null,
    product_id: 1,
    status: 'assigned',
    expires_at: null,
    features: null,
  }
}
