/**
 * The frame of all pages. A page works without JavaScript, and loads only its own style sheet, script and icon, which are
 * static files in `public`.
 */
import type { Child } from 'hono/jsx'
import type { Branding } from '../deliveries/branding.ts'
import type { Page } from '../http/endpoint.ts'

export type Seller = Pick<Branding, 'name' | 'support'>

/** Nothing inline: text of a visitor cannot become a script or a style. */
const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  "style-src 'self'",
  "script-src 'self'",
  "img-src 'self' data:",
  "form-action 'self'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
].join('; ')

export const PAGE_HEADERS = {
  'Cache-Control': 'no-store',
  'Content-Security-Policy': CONTENT_SECURITY_POLICY,
} as const

interface LayoutProps {
  readonly title: string
  /** Its address, such as `/offline.js`. */
  readonly script: `/${string}.js`
  /** undefined: the settings cannot be read. */
  readonly seller: Seller | undefined
  readonly children?: Child
}

export function Layout({ title, script, seller, children }: LayoutProps) {
  return (
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <meta name="robots" content="noindex" />
        <title>{seller?.name ? `${title} – ${seller.name}` : title}</title>
        <link rel="icon" href="/docs/icon.svg" />
        <link rel="stylesheet" href="/pages.css" />
        <script src={script} defer />
      </head>
      <body>
        <header>
          <img src="/docs/icon.svg" alt="" width="28" height="28" />
          <span>{seller?.name ?? 'Licenses'}</span>
        </header>
        <main>{children}</main>
        <footer>
          <p>
            Do you need help? <Help seller={seller} />
          </p>
        </footer>
      </body>
    </html>
  )
}

function Help({ seller }: Pick<LayoutProps, 'seller'>) {
  const { name = 'the seller of the software', support } = seller ?? {}
  if (!support) return <>Ask {name}.</>
  const address = support.kind === 'email' ? `mailto:${support.address}` : support.url
  return <a href={address}>Ask {name}</a>
}

/** @param page a whole page, rendered with `Layout` */
export function htmlPage(page: { toString(): string }): Page {
  return {
    body: `<!doctype html>${page}`,
    headers: { 'Content-Type': 'text/html; charset=utf-8', ...PAGE_HEADERS },
  }
}
