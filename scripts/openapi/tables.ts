/** Generates the tables of endpoints and codes in docs/api.md and docs/admin-api.md, between their marks. */
import path from 'node:path'
import { PROBLEMS } from '../../src/admin/problems.ts'
import { CODES, type Code } from '../../src/protocol/codes.ts'
import { projectFolder } from '../wrangler.ts'
import { ADMIN_OPERATIONS, ADMIN_TAGS } from './admin.ts'
import type { CodeName } from './answers.ts'
import { CODE_NOTES } from './code-notes.ts'
import { TAGS } from './describe.ts'
import type { OperationText } from './operation.ts'
import { OPERATIONS } from './operations.ts'
import { parametersOf } from './requests.ts'

export const tablesFile = path.join(projectFolder, 'docs/api.md')

export const adminTablesFile = path.join(projectFolder, 'docs/admin-api.md')

/** @returns the document with updated tables */
export function withAdminTables(document: string): string {
  return between(between(document, 'endpoints', adminTables()), 'problems', problemTable())
}

function adminTables(): string {
  return ADMIN_TAGS.map(({ name, description }) => {
    const rows = ADMIN_OPERATIONS.filter(({ tag }) => tag === name).map(({ endpoint }) => {
      const { method, path: below, summary, role, root } = endpoint
      return `| \`${method} ${below}\` | ${summary} | \`${role}\`${root ? ', root' : ''} |`
    })
    const head = '| Endpoint | What it does | Least role |\n|---|---|---|'
    return `### ${name.replace('Admin: ', '')}\n\n${description}\n\n${head}\n${rows.join('\n')}\n`
  }).join('\n')
}

function problemTable(): string {
  const rows = Object.entries(PROBLEMS).map(
    ([code, { status, title, detail }]) => `| \`${code}\` | ${status} | ${title} | ${detail} |`,
  )
  return `| Code | HTTP | Title | What to do |\n|---|---|---|---|\n${rows.join('\n')}\n`
}

/** @returns the document with updated tables */
export function withTables(document: string): string {
  return between(between(document, 'endpoints', endpointTables()), 'codes', codeTable())
}

function between(document: string, name: string, table: string): string {
  const [start, end] = [`<!-- generated: ${name} -->\n`, `<!-- end: ${name} -->`]
  const [from, to] = [document.indexOf(start), document.indexOf(end)]
  if (from < 0 || to < from) throw new Error(`The document lacks the marks "${start.trim()}" and "${end}".`)
  return `${document.slice(0, from + start.length)}\n${table}\n${document.slice(to)}`
}

/** One table for each kind of credential. */
function endpointTables(): string {
  const accesses = [...new Set(OPERATIONS.map(({ endpoint }) => endpoint.caller.access))]
  return accesses
    .map((access) => {
      const rows = OPERATIONS.filter(({ endpoint }) => endpoint.caller.access === access).map(endpointRow)
      const head = '| Endpoint | What it does | Parameters | Codes |\n|---|---|---|---|'
      return `### ${TAGS[access].name}\n\n${TAGS[access].description}\n\n${head}\n${rows.join('\n')}\n`
    })
    .join('\n')
}

function endpointRow(text: OperationText): string {
  const { method, path: address, summary, codes } = text.endpoint
  const cells = [
    `\`${method} ${address}\``,
    summary,
    parameterList(text),
    codes.map(({ code }) => code).join(', '),
  ]
  return `| ${cells.join(' | ')} |`
}

/** Required parameters are marked with an asterisk. */
function parameterList(text: OperationText): string {
  const schema = parametersOf(text)
  const conditional = schema?.anyOf?.at(-1)?.required ?? []
  const required = [...(schema?.required ?? []), ...conditional]
  const names = Object.keys(schema?.properties ?? {})
  return names.map((name) => `\`${name}${required.includes(name) ? '*' : ''}\``).join(', ')
}

function codeTable(): string {
  const rows = Object.entries<Code>(CODES).map(([name, { code, status, message }]) => {
    return `| ${code} | ${status} | ${message} | ${CODE_NOTES[name as CodeName] ?? ''} |`
  })
  return `| Code | HTTP | Message | Notes |\n|---|---|---|---|\n${rows.join('\n')}\n`
}
