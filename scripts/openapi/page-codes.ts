/** What an operation answers, on the page. */
import { html } from 'hono/html'
import {
  type BodilessResponse,
  type OpenApiDocument,
  type Operation,
  type ResponseObject,
  resolve,
  schemaOf,
} from './document.ts'
import { breakable, inline } from './page-text.ts'

type AnyResponse = ResponseObject | BodilessResponse

interface Row {
  /** Absent where the answer is no envelope. */
  readonly code?: string
  readonly status: string
  readonly message: string
  readonly fields: readonly string[]
}

const STANDING_FIELDS = ['code', 'message', 'timestamp']

export function renderCodes(document: OpenApiDocument, { responses }: Operation) {
  const rows = Object.entries(responses).flatMap(([status, response]) =>
    rowsOf(document, status, resolve<AnyResponse>(document, response)),
  )
  const names = rows.map(({ code, status }) => code ?? `HTTP ${status}`)
  return html`<details><summary>Answers: ${names.join(', ')}</summary>
<table>
<thead><tr><th>Code</th><th>HTTP</th><th>Message</th></tr></thead>
<tbody>
${rows.map(
  ({ code = '', status, message, fields }) =>
    html`<tr><td>${code}</td><td>${status}</td><td>${inline(message)}${renderFields(fields)}</td></tr>\n`,
)}</tbody>
</table>
</details>
`
}

/** A row for each code; an answer without codes is one of its own. */
function rowsOf(document: OpenApiDocument, status: string, response: AnyResponse): Row[] {
  const described = response.content?.['application/json']?.schema.properties?.response
  if (!described) {
    const [contentType = ''] = Object.keys(response.content ?? {})
    const of = contentType && `: ${contentType}`
    return [{ status, message: `${response.description}${of}`, fields: [] }]
  }
  return (described.oneOf ?? [described]).map((reference) => {
    const { properties = {}, required = [] } = schemaOf(document, reference)
    const fields = required.filter((name) => !STANDING_FIELDS.includes(name))
    return {
      code: JSON.stringify(properties.code?.const),
      status,
      message: String(properties.message?.const),
      fields,
    }
  })
}

/** What the answer holds besides code, message and timestamp. */
function renderFields(fields: readonly string[]) {
  if (fields.length === 0) return ''
  return html`; with ${fields.map((name, index) => html`${index > 0 ? ', ' : ''}<code>${breakable(name)}</code>`)}`
}
