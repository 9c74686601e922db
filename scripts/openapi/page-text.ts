/** Texts on the page: the little of CommonMark that the description uses, and names that may break where words end. */
import { html, raw } from 'hono/html'

/** `code`, **strong** and [links](#to); everything else is escaped. */
const MARK = /`([^`]+)`|\*\*([^*]+)\*\*|\[([^\]]+)\]\((#\w+)\)/g

/** One paragraph, without its element. */
export function inline(text: string) {
  const parts: unknown[] = []
  let end = 0
  for (const match of text.matchAll(MARK)) {
    const [all, code, strong, label, target] = match
    parts.push(text.slice(end, match.index))
    if (code !== undefined) parts.push(html`<code>${breakable(code)}</code>`)
    else if (strong !== undefined) parts.push(html`<strong>${strong}</strong>`)
    else parts.push(html`<a href="${target}">${label}</a>`)
    end = match.index + all.length
  }
  return html`${[...parts, text.slice(end)]}`
}

/** Paragraphs, as blank lines separate them. */
export function paragraphs(text: string) {
  return text.split('\n\n').map((paragraph) => html`<p>${inline(paragraph)}</p>\n`)
}

/** A name, an address or a code that may go on in the next line after an underscore or a slash, and nowhere else. */
export function breakable(name: string) {
  const parts = name.split(/(?<=[_/=,?&])/)
  return html`${parts.map((part, index) => (index === 0 ? part : html`${raw('<wbr>')}${part}`))}`
}
