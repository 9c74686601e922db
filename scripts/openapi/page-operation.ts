/** One operation on the page: what it does, who may call it, what it takes and answers, and an example of it. */
import { html } from 'hono/html'
import type { OpenApiDocument, Operation } from './document.ts'
import { renderCodes } from './page-codes.ts'
import { renderExample } from './page-example.ts'
import { renderParameters } from './page-parameters.ts'
import { breakable, paragraphs } from './page-text.ts'

export function renderOperation(
  document: OpenApiDocument,
  method: string,
  path: string,
  operation: Operation,
) {
  return html`<article id="${operation.operationId}">
<h3><span class="method">${method}</span> <code>${breakable(path)}</code></h3>
<p class="summary">${operation.summary}.</p>
${paragraphs(operation.description)}
${renderParameters(document, operation)}
${renderCodes(document, operation)}
${renderExample(method, path, operation)}
</article>
`
}
