/** An example of an operation on the page: the request, and what is answered. */
import { html } from 'hono/html'
import type { Media, Operation, Parameter } from './document.ts'

/** Stands for the reader's own server. */
export const EXAMPLE_HOST = 'https://keyseal.example'

/** Longer lines would have to be scrolled where the page is widest. */
const LINE_CHARACTERS_MAX = 100

const EXAMPLE_KEYS: Readonly<Record<string, string>> = {
  apiKey: '$API_KEY',
  contractKey: '$CONTRACT_KEY',
}

export function renderExample(method: string, path: string, operation: Operation) {
  const answer = answerOf(operation)
  if (answer === undefined) return ''
  const isEvent = headersOf(operation).length > 0
  return html`<details><summary>Example</summary>
<pre tabindex="0"><code>${isEvent ? delivery(path, operation) : command(method, path, operation)}</code></pre>
<p>${isEvent ? 'The event is sent on one line, and signed as it is sent. It answers' : 'It answers'}</p>
<pre tabindex="0"><code>${typeof answer === 'string' ? answer : JSON.stringify(answer, null, 2)}</code></pre>
</details>
`
}

function answerOf({ responses }: Operation): unknown {
  const success = responses['200']
  if (!success || '$ref' in success) return undefined
  return Object.values(success.content).find((media: Media) => media.example !== undefined)?.example
}

/** The headers of its own that a request must have: those by which a provider signs. */
function headersOf({ parameters = [] }: Operation): Parameter[] {
  return parameters.filter(
    (parameter): parameter is Parameter =>
      'in' in parameter && parameter.in === 'header' && parameter.required,
  )
}

/** What a payment provider sends, as HTTP has it. */
function delivery(path: string, operation: Operation): string {
  const headers = headersOf(operation).map(({ name, example }) => `${name}: ${example}`)
  const event = operation.requestBody?.content['application/json']?.example
  const start = [`POST ${path} HTTP/1.1`, 'Content-Type: application/json', ...headers]
  return [...start, '', JSON.stringify(event, null, 2)].join('\n')
}

/** The same request for a shell. */
function command(
  method: string,
  path: string,
  { security, parameters = [], requestBody }: Operation,
): string {
  const scheme = Object.keys(security[0] ?? {})[0] ?? ''
  const key = EXAMPLE_KEYS[scheme]
  const query = parameters.flatMap((parameter) =>
    'in' in parameter && parameter.in === 'query' && parameter.example !== undefined
      ? [`${parameter.name}=${encodeURIComponent(String(parameter.example))}`]
      : [],
  )
  const parts = [
    `curl -s '${EXAMPLE_HOST}${path}${query.length > 0 ? `?${query.join('&')}` : ''}'`,
    key && `-H "Authorization: Bearer ${key}"`,
    method === 'POST' && `-H 'Content-Type: application/json'`,
    method === 'POST' && bodyOption(requestBody?.content['application/json']?.example ?? {}),
  ]
  return parts.filter(Boolean).join(' \\\n  ')
}

/** On one line where there is room. */
function bodyOption(body: unknown): string {
  const [line, lines] = [JSON.stringify(body), JSON.stringify(body, null, 2).replaceAll('\n', '\n  ')]
  const text = line.length > LINE_CHARACTERS_MAX ? lines : line
  return `-d '${text.replaceAll("'", "'\\''")}'`
}
