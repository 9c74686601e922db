/** The description as a page that needs nothing else: no script, no font, no image, no other host. */
import { html } from 'hono/html'
import type { OpenApiDocument, Operation } from './document.ts'
import { renderOperation } from './page-operation.ts'
import { STYLE } from './page-style.ts'
import { breakable, paragraphs } from './page-text.ts'

interface Group {
  readonly name: string
  readonly description: string
  readonly operations: readonly (readonly [string, string, Operation])[]
}

/** @returns the page; every text in it is escaped */
export async function renderPage(document: OpenApiDocument): Promise<string> {
  const groups = document.tags.map((tag) => ({ ...tag, operations: operationsOf(document, tag.name) }))
  const { title, version, description } = document.info
  const page = await html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${title} API</title>
<link rel="icon" href="data:,">
${STYLE}
</head>
<body>
<header>
<h1>${title} API</h1>
<p class="version">Version ${version} · <a href="/openapi.json">openapi.json</a></p>
${paragraphs(String(description))}
</header>
<nav aria-label="Endpoints">
${groups.map(renderContents)}
</nav>
<main>
${groups.map((group) => renderGroup(document, group))}
</main>
</body>
</html>
`
  return String(page)
}

function operationsOf({ paths }: OpenApiDocument, tag: string): Group['operations'] {
  return Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods)
      .filter(([, operation]) => operation.tags.includes(tag))
      .map(([method, operation]) => [method.toUpperCase(), path, operation] as const),
  )
}

function renderContents({ name, operations }: Group) {
  return html`<details open><summary>${name}</summary>
<ul>
${operations.map(
  ([method, path, { operationId }]) =>
    html`<li><a href="#${operationId}"><span class="method">${method}</span> <span>${breakable(path)}</span></a></li>\n`,
)}</ul>
</details>
`
}

function renderGroup(document: OpenApiDocument, { name, description, operations }: Group) {
  return html`<section>
<h2>${name}</h2>
<p>${description}</p>
${operations.map(([method, path, operation]) => renderOperation(document, method, path, operation))}
</section>
`
}
