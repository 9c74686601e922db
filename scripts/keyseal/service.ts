/** The running service, asked from outside. */

import type { JsonWebKey } from 'node:crypto'
import { messageOf } from '../message-of.ts'

/** Where `npm start` listens unless PORT names another one. */
export const PORT_DEFAULT = 8787

/** Where `npm start` listens. */
export function localOrigin(): string {
  return `http://127.0.0.1:${process.env.PORT || PORT_DEFAULT}`
}

/** What a command about a local service begins with: `PORT=9000 `, or nothing where it is at the usual port. */
export function portPrefix(port: number | string): string {
  return String(port) === String(PORT_DEFAULT) ? '' : `PORT=${port} `
}

/** Whether it is a service of this machine. */
export function isLocal(origin: string): boolean {
  return ['127.0.0.1', 'localhost', '[::1]'].includes(new URL(origin).hostname)
}

/** @throws Error where it is no address of a service */
export function originOf(url: string): string {
  const parsed = URL.parse(url)
  if (parsed && (parsed.protocol === 'https:' || parsed.protocol === 'http:')) return parsed.origin
  throw new Error('--url must be the address of a service, such as https://keyseal.example.workers.dev')
}

/** @throws Error where nobody answers within 10 seconds */
export function ask(origin: string, path: string, request: RequestInit = {}): Promise<Response> {
  return fetch(origin + path, { signal: AbortSignal.timeout(10_000), redirect: 'error', ...request }).catch(
    () => {
      throw new Error(`No service responds at ${origin}.`)
    },
  )
}

/** @throws Error that says how to start it, where nobody answers */
export async function askLocally(path: string, request: RequestInit): Promise<Response> {
  try {
    return await ask(localOrigin(), path, request)
  } catch (error) {
    const how = 'Start it with npm start. If it uses another port, set the same PORT for this command.'
    throw new Error(`${messageOf(error)} ${how}`)
  }
}

export type PublishedKey = JsonWebKey & { readonly kid: string }

export const FILE_KEYS_PATH = '/.well-known/license-file-keys.json'

/** The public keys that the service publishes: those of responses, or those of license files. */
export async function publishedKeys(
  origin: string,
  path = '/.well-known/jwks.json',
): Promise<PublishedKey[]> {
  const response = await ask(origin, path)
  if (!response.ok) throw new Error(`${origin}${path} returned HTTP ${response.status}.`)
  const { keys = [] } = (await response.json()) as { keys?: PublishedKey[] }
  return keys
}
