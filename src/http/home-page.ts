/** The page that a browser shows at `/`. Its style sheet and icon are static files in `public`. */
import packageJson from '../../package.json' with { type: 'json' }

/** Whether `Accept` ranks HTML above JSON (RFC 9110 section 12.5.1). Browsers do so; curl and most programs do not. */
export function prefersHtml(accept: string): boolean {
  const ranges = accept.split(',').map((range) => range.split(';').map((part) => part.trim().toLowerCase()))
  function quality(...types: string[]): number {
    const [range] = types.flatMap((type) => ranges.filter(([name]) => name === type))
    return range ? Number(range.find((part) => part.startsWith('q='))?.slice(2) ?? 1) : 0
  }
  return quality('text/html', 'text/*', '*/*') > quality('application/json', 'application/*', '*/*')
}

/**
 * @param field `repository` of package.json
 * @returns the address of the repository's page; undefined if the field has none
 */
export function repositoryAddress(field: unknown): string | undefined {
  const url = typeof field === 'object' && field !== null && 'url' in field ? field.url : field
  return /^(?:git\+)?(https:\/\/[\w.~/-]+?)(?:\.git)?$/.exec(String(url))?.[1]
}

const links: readonly (readonly [address: string | undefined, name: string, purpose: string])[] = [
  ['/docs', 'API reference', 'All endpoints, with examples to try'],
  ['/openapi.json', 'OpenAPI description', 'The reference as JSON, for tools'],
  ['/.well-known/jwks.json', 'Public keys', 'Apps use them to verify answers'],
  ['/health', 'Health', 'Whether this server runs and can sign'],
  [repositoryAddress(packageJson.repository), 'Source code', 'Keyseal is open source'],
]

const items = links.flatMap(([address, name, purpose]) =>
  address ? `<li><a href="${address}"><strong>${name}</strong><span>${purpose}</span></a></li>` : [],
)

export const HOME_PAGE = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>Keyseal</title>
<link rel="icon" href="/docs/icon.svg">
<link rel="stylesheet" href="/home.css">
</head>
<body>
<main>
<h1><img src="/docs/icon.svg" alt="" width="40" height="40">Keyseal</h1>
<p>This server issues and verifies license keys for software. It signs every answer.</p>
<ul>
${items.join('\n')}
</ul>
<p>Are you looking for a license key that you bought? Please ask the seller of the software.</p>
</main>
</body>
</html>
`

export const HOME_PAGE_HEADERS = {
  'Content-Type': 'text/html; charset=utf-8',
  'Cache-Control': 'no-store',
  'Content-Security-Policy':
    "default-src 'none'; img-src 'self'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  Vary: 'Accept',
} as const
