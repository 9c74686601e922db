/**
 * Makes an export of the database one that can be restored.
 *
 * D1 exports each table with its rows behind it, but takes no row of a table that refers to one which is not there
 * yet: so all tables come first. And it takes statements of at most 100,000 bytes, but exports rows that are longer, as
 * a payment provider's event may hold a megabyte: so long texts are stored in pieces first, and put together by the
 * statement that needs them.
 */

/** Of D1: https://developers.cloudflare.com/d1/platform/limits/ */
const STATEMENT_BYTES_MAX = 100_000
/** Four bytes a character at the most, and room for the statement around it. */
const PIECE_CHARACTERS = 20_000
/** Texts that are worth storing in pieces. */
const LONG_CHARACTERS = 2_000

/** What rows that are joined may come to, with room for the statement around them. */
const JOINED_BYTES_MAX = 50_000

const PIECES_TABLE = 'restore_pieces'
/** What the export says of one row. */
const INSERTED_ROW = /^(INSERT INTO "\w+" (?:\([^)']*\) )?VALUES)(\(.*\));$/s
const TEXT_LITERAL = /'(?:[^']|'')*'/g

/**
 * @param open reads the export from its beginning, in pieces of any length
 * @returns statements that do the same, none of which is too long, each with a line end
 * @throws Error where a statement can not be made short enough, or the export is cut off
 */
export async function* restorable(open: () => AsyncIterable<string>): AsyncGenerator<string> {
  for await (const statement of statementsOf(open())) {
    if (comesFirst(statement)) yield `${statement}\n`
  }
  yield `CREATE TABLE ${PIECES_TABLE} (text INTEGER, piece INTEGER, content TEXT);\n`
  for await (const statement of withRowsJoined(statementsOf(open()))) {
    if (!comesFirst(statement)) yield `${shortened(statement).join('\n')}\n`
  }
  yield `DROP TABLE ${PIECES_TABLE};\n`
}

function comesFirst(statement: string): boolean {
  return /^(PRAGMA|CREATE TABLE) /.test(statement)
}

async function* statementsOf(exported: AsyncIterable<string>): AsyncGenerator<string> {
  let statement = ''
  for await (const line of linesOf(exported)) {
    statement = statement === '' ? line : `${statement}\n${line}`
    if (!isWhole(statement, line)) continue
    yield statement
    statement = ''
  }
  if (statement !== '') throw new Error('The export ends in the middle of a statement. Make it again.')
}

/** Rows of one table that follow each other, in statements of several: each statement takes the restoring a while. */
async function* withRowsJoined(statements: AsyncIterable<string>): AsyncGenerator<string> {
  let head = ''
  let rows: string[] = []
  let bytes = 0
  for await (const statement of statements) {
    const [, into, row = statement] = INSERTED_ROW.exec(statement) ?? []
    bytes += Buffer.byteLength(row)
    if (into === undefined || into !== head || bytes > JOINED_BYTES_MAX) {
      yield* joined(head, rows)
      rows = []
      bytes = Buffer.byteLength(row)
    }
    head = into ?? ''
    if (into === undefined) yield statement
    else rows.push(row)
  }
  yield* joined(head, rows)
}

function joined(head: string, rows: readonly string[]): string[] {
  return rows.length === 0 ? [] : [`${head}${rows.join(',\n')};`]
}

/** A row holds no comments, so that its quotation marks come in pairs; a table holds no text with two hyphens. */
function isWhole(statement: string, lastLine: string): boolean {
  return statement.startsWith('INSERT INTO ')
    ? lastLine.endsWith(';') && (statement.match(/'/g)?.length ?? 0) % 2 === 0
    : lastLine.replace(/--.*$/, '').trimEnd().endsWith(';')
}

/** Cut at line feeds only: `node:readline` takes other characters for line ends too, and would change texts. */
async function* linesOf(exported: AsyncIterable<string>): AsyncGenerator<string> {
  let rest = ''
  for await (const chunk of exported) {
    const lines = (rest + chunk).split('\n')
    rest = lines.pop() ?? ''
    yield* lines
  }
  if (rest !== '') yield rest
}

function shortened(statement: string): string[] {
  if (Buffer.byteLength(statement) <= STATEMENT_BYTES_MAX) return [statement]
  const statements: string[] = []
  let texts = 0
  const short = statement.replaceAll(TEXT_LITERAL, (literal) => {
    if (literal.length <= LONG_CHARACTERS) return literal
    texts += 1
    for (const [piece, content] of piecesOf(literal).entries()) {
      statements.push(`INSERT INTO ${PIECES_TABLE} VALUES(${texts},${piece},'${content}');`)
    }
    return `(SELECT group_concat(content, '' ORDER BY piece) FROM ${PIECES_TABLE} WHERE text = ${texts})`
  })
  if (Buffer.byteLength(short) > STATEMENT_BYTES_MAX) {
    const table = /^INSERT INTO "?(\w+)/.exec(short)?.[1]
    throw new Error(`A row of ${table} is too long to be restored. Export the other tables with --table.`)
  }
  return [...statements, short, `DELETE FROM ${PIECES_TABLE};`]
}

/** @returns what stands between the quotation marks, never cut within a character or an escaped mark */
function piecesOf(literal: string): string[] {
  return literal.slice(1, -1).match(new RegExp(`(?:''|[^']){1,${PIECE_CHARACTERS}}`, 'gu')) ?? []
}
