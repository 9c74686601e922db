/** The parameters of an operation on the page, by where they stand. */
import { html } from 'hono/html'
import {
  type JsonSchema,
  type OpenApiDocument,
  type Operation,
  type Parameter,
  resolve,
  schemaOf,
} from './document.ts'
import { breakable, inline } from './page-text.ts'

interface Row {
  readonly name: string
  readonly isRequired: boolean
  readonly rule: string
}

/** @returns the lists of its headers, of its query, and of its body's fields, as far as there are any */
export function renderParameters(document: OpenApiDocument, { parameters = [], requestBody }: Operation) {
  const body = schemaOf(document, requestBody?.content['application/json']?.schema)
  const outside = parameters.map((parameter) => resolve<Parameter>(document, parameter))
  return html`${renderRows('Fields of the body: JSON, or a form', rowsOfBody(body))}
${renderAlternatives(body)}
${renderRows('Parameters of the query', rowsOf(outside, 'query'))}
${renderRows('Headers', rowsOf(outside, 'header'))}`
}

function rowsOfBody({ properties = {}, required }: JsonSchema): Row[] {
  return Object.entries(properties).map(([name, schema]) => ({
    name,
    isRequired: required?.includes(name) ?? false,
    rule: ruleOf(schema),
  }))
}

function rowsOf(parameters: readonly Parameter[], place: Parameter['in']): Row[] {
  return parameters
    .filter((parameter) => parameter.in === place)
    .map(({ name, required, description, schema }) => ({
      name,
      isRequired: required,
      rule: ruleOf({ ...schema, ...(description !== undefined && { description }) }),
    }))
}

/** A rule in words: its own, how long it may be, or the words that it takes. */
function ruleOf({ description, enum: words, maxLength }: JsonSchema): string {
  const length = typeof maxLength === 'number' && `${maxLength} characters at most`
  const isTold = description?.includes(String(maxLength)) ?? false
  const parts = [description, !isTold && length, words && `One of ${words.join(', ')}`]
  return `${parts.filter(Boolean).join('. ')}.`
}

function renderRows(title: string, rows: readonly Row[]) {
  if (rows.length === 0) return ''
  return html`<h4>${title}</h4>
<dl>
${rows.map(
  ({ name, isRequired, rule }) =>
    html`<dt><code>${breakable(name)}</code>${isRequired ? html` <em>required</em>` : ''}</dt><dd>${inline(rule)}</dd>\n`,
)}</dl>
`
}

/** Parameters of which one set or the other must be there. */
function renderAlternatives({ anyOf = [] }: JsonSchema) {
  if (anyOf.length === 0) return ''
  const sets = anyOf.map(({ required = [] }) => required.map((name) => `\`${name}\``).join(', '))
  return html`<p>${inline(`Required besides: ${sets.join('; or ')}.`)}</p>`
}
