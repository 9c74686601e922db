/** One operation on the page: its parameters, its codes, and an example of it. */
import { html } from 'hono/html'
import type {
  JsonSchema,
  Media,
  OpenApiDocument,
  Operation,
  Parameter,
  Reference,
  ResponseObject,
} from './document.ts'

interface Row {
  readonly name: string
  readonly isRequired: boolean
  readonly rule: string
}

export function renderOperation(
  document: OpenApiDocument,
  method: string,
  path: string,
  operation: Operation,
) {
  return html`<article id="${operation.operationId}">
<h3><span class="method">${method}</span> <code>${path}</code></h3>
<p>${operation.summary}.</p>
${renderParameters(rowsOf(document, operation))}
${renderAlternatives(schemaOf(document, operation.requestBody?.content['application/json']?.schema))}
${renderCodes(document, operation)}
${renderExample(method, path, operation)}
</article>
`
}

/** @returns the parameters, wherever they are */
function rowsOf(document: OpenApiDocument, { parameters = [], requestBody }: Operation): Row[] {
  const body = schemaOf(document, requestBody?.content['application/json']?.schema)
  const ofBody = Object.entries(body.properties ?? {}).map(([name, schema]) => ({
    name,
    isRequired: body.required?.includes(name) ?? false,
    rule: ruleOf(schema),
  }))
  const others = parameters.map((parameter) => {
    const { name, required, description, schema } = resolve<Parameter>(document, parameter)
    return { name, isRequired: required, rule: ruleOf({ ...schema, ...(description && { description }) }) }
  })
  return [...ofBody, ...others]
}

/** A rule in words: its own, or the words that it takes. */
function ruleOf({ description, enum: words }: JsonSchema): string {
  return [description, words && `One of ${words.join(', ')}`].filter(Boolean).join('. ')
}

function renderParameters(rows: readonly Row[]) {
  if (rows.length === 0) return ''
  return html`<h4>Parameters</h4>
<dl>
${rows.map(
  ({ name, isRequired, rule }) =>
    html`<dt><code>${name}</code>${isRequired ? html` <em>required</em>` : ''}</dt><dd>${rule}</dd>\n`,
)}</dl>
`
}

/** Parameters of which one set or the other must be there. */
function renderAlternatives({ anyOf = [] }: JsonSchema) {
  if (anyOf.length === 0) return ''
  const sets = anyOf.map(({ required = [] }) => required.join(', '))
  return html`<p>Required besides: ${sets.join('; or ')}.</p>`
}

interface CodeRow {
  readonly code: string
  readonly message: string
  readonly fields: readonly string[]
}

const STANDING_FIELDS = ['code', 'message', 'timestamp']

function renderCodes(document: OpenApiDocument, { responses }: Operation) {
  const codes = Object.entries(responses).flatMap(([status, response]) =>
    codeRows(document, resolve<ResponseObject>(document, response)).map((row) => ({ ...row, status })),
  )
  if (codes.length === 0) return ''
  return html`<details><summary>Codes: ${codes.map(({ code }) => code).join(', ')}</summary>
<table>
<thead><tr><th>Code</th><th>HTTP</th><th>Message</th><th>With</th></tr></thead>
<tbody>
${codes.map(
  ({ code, status, message, fields }) =>
    html`<tr><td>${code}</td><td>${status}</td><td>${message}</td><td>${fields.join(', ')}</td></tr>\n`,
)}</tbody>
</table>
</details>
`
}

function codeRows(document: OpenApiDocument, { content }: ResponseObject): CodeRow[] {
  const response = content['application/json']?.schema.properties?.response
  if (!response) return []
  return (response.oneOf ?? [response]).map((reference) => {
    const { properties = {}, required = [] } = schemaOf(document, reference)
    const fields = required.filter((name) => !STANDING_FIELDS.includes(name))
    return {
      code: JSON.stringify(properties.code?.const),
      message: String(properties.message?.const),
      fields,
    }
  })
}

function renderExample(method: string, path: string, operation: Operation) {
  const answer = answerOf(operation)
  if (!answer) return ''
  return html`<details><summary>Example</summary>
<pre tabindex="0"><code>${curlLine(method, path, operation)}</code></pre>
<p>answers</p>
<pre tabindex="0"><code>${typeof answer === 'string' ? answer : JSON.stringify(answer, null, 2)}</code></pre>
</details>
`
}

function answerOf({ responses }: Operation): unknown {
  const success = responses['200']
  if (!success || '$ref' in success) return undefined
  return Object.values(success.content).find((media: Media) => media.example !== undefined)?.example
}

/** The examples work on a service that `npm start` has started. */
const LOCAL_SERVICE = 'http://127.0.0.1:8787'
const EXAMPLE_KEYS: Readonly<Record<string, string>> = {
  apiKey: 'demo-api-key',
  contractKey: '$CONTRACT_KEY',
}

function curlLine(method: string, path: string, { security, parameters = [], requestBody }: Operation) {
  const scheme = Object.keys(security[0] ?? {})[0] ?? ''
  const key = EXAMPLE_KEYS[scheme]
  const query = parameters.flatMap((parameter) =>
    'in' in parameter && parameter.in === 'query' && parameter.example !== undefined
      ? [`${parameter.name}=${encodeURIComponent(String(parameter.example))}`]
      : [],
  )
  const body = requestBody?.content['application/json']?.example
  const parts = [
    `curl -s '${LOCAL_SERVICE}${path}${query.length > 0 ? `?${query.join('&')}` : ''}'`,
    key && `-H "Authorization: Bearer ${key}"`,
    method === 'POST' && `-H 'Content-Type: application/json'`,
    body !== undefined && `-d '${JSON.stringify(body).replaceAll("'", "'\\''")}'`,
  ]
  return parts.filter(Boolean).join(' \\\n  ')
}

function schemaOf(document: OpenApiDocument, schema: JsonSchema = {}): JsonSchema {
  return schema.$ref === undefined ? schema : resolve<JsonSchema>(document, { $ref: schema.$ref })
}

/** What a reference within the document stands for. */
function resolve<Target extends object>(document: OpenApiDocument, target: Target | Reference): Target {
  if (!('$ref' in target)) return target
  const [, , kind = '', name = ''] = String(target.$ref).split('/')
  return document.components[kind]?.[name] as Target
}
