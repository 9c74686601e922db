/** Uses the page /offline as a person's browser does. */
import { send } from './client.ts'
import { executeSql } from './key-life.ts'
import { openShop, type Shop } from './shop.ts'

export interface ShownPage {
  readonly status: number
  readonly headers: Headers
  readonly html: string
  readonly title: string
  /** The license file on the page; undefined: it has none. */
  readonly file: string | undefined
}

interface Visit {
  readonly bindings?: object
  /** The address of the person. */
  readonly from?: string
  readonly download?: boolean
}

/** A shop whose product allows the page. */
export async function openOfflineShop(): Promise<Shop> {
  const shop = await openShop()
  await executeSql('update products set offline_page = 1 where id = ?', shop.productId)
  return shop
}

/** What the machine shows. */
export function requestText(request: object): string {
  const bytes = new TextEncoder().encode(JSON.stringify(request))
  return bytes.toBase64({ alphabet: 'base64url', omitPadding: true })
}

/** Enters the text. Each visit without an address of its own comes from another network. */
export async function bring(request: string, visit: Visit = {}): Promise<ShownPage> {
  const { bindings = {}, from = someAddress(), download = false } = visit
  const response = await send({
    path: '/offline',
    method: 'POST',
    body: new URLSearchParams({ request, ...(download && { download: '1' }) }),
    headers: { 'CF-Connecting-IP': from },
    bindings: { RATE_LIMITS: 'on', ...bindings },
  })
  return read(response)
}

/** Opens the page. */
export async function open({ bindings = {} }: Visit = {}): Promise<ShownPage> {
  return read(await send({ path: '/offline', bindings }))
}

export function someAddress(): string {
  const parts = crypto.getRandomValues(new Uint8Array(3))
  return `10.${parts.join('.')}`
}

async function read(response: Response): Promise<ShownPage> {
  const html = await response.text()
  const [, title = ''] = /<h1>(.*?)<\/h1>/.exec(html) ?? []
  const [, file] = /<textarea id="file"[^>]*>(.*?)<\/textarea>/s.exec(html) ?? []
  return { status: response.status, headers: response.headers, html, title, file }
}
