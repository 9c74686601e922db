/**
 * Rewrites an export of D1 so that D1 can import it.
 *
 * D1 exports each table followed by its rows, but rejects a row that refers to a table that does not exist yet. So all
 * tables come first. D1 also exports rows that are longer than its limit of 100,000 bytes for a statement: a payment
 * provider's event may have a megabyte. So long texts are stored in pieces first, and the statement that needs one
 * joins them.
 */

/** https://developers.cloudflare.com/d1/platform/limits/ */
const STATEMENT_BYTES_MAX = 100_000
/** At most four bytes each, which leaves room for the rest of the statement. */
const PIECE_CHARACTERS = 20_000
/** Longer texts are stored in pieces. */
const LONG_CHARACTERS = 2_000

/** The total length of joined rows, which leaves room for the rest of the statement. */
const JOINED_BYTES_MAX = 50_000

const PIECES_TABLE = 'restore_pieces'
/** An exported row. */
const INSERTED_ROW = /^(INSERT INTO "\w+" (?:\([^)']*\) )?VALUES)(\(.*\));$/s
const TEXT_LITERAL = /'(?:[^']|'')*'/g

/**
 * @param open reads the export from its beginning, in chunks of any length
 * @returns equivalent statements within D1's limit, each with a line end
 * @throws Error if a row cannot be split into short statements, or if the export is truncated
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

/**
 * @param exported chunks of any length
 * @returns its statements, without the line feeds between them
 * @throws Error if the text ends in the middle of a statement
 */
export async function* statementsOf(exported: AsyncIterable<string>): AsyncGenerator<string> {
  let lines: string[] = []
  let quotes = 0
  for await (const line of linesOf(exported)) {
    lines.push(line)
    quotes += line.match(/'/g)?.length ?? 0
    if (!isWhole(lines, quotes)) continue
    yield lines.join('\n')
    lines = []
    quotes = 0
  }
  if (lines.length > 0) throw new Error('It ends in the middle of a statement')
}

/** Joins consecutive rows of a table into one statement, because each statement slows the import down. */
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

/** Rows contain no comments, so their quotation marks are paired. Tables contain no text with two hyphens. */
function isWhole(lines: readonly string[], quotes: number): boolean {
  const last = lines.at(-1) ?? ''
  return lines[0]?.startsWith('INSERT INTO ')
    ? last.endsWith(';') && quotes % 2 === 0
    : last.replace(/--.*$/, '').trimEnd().endsWith(';')
}

/** Splits at line feeds only. `node:readline` also splits at other characters, which would change texts. */
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
    throw new Error(`A row of ${table} is too long to import. Export the other tables with --table.`)
  }
  return [...statements, short, `DELETE FROM ${PIECES_TABLE};`]
}

/** @returns the text between the quotation marks, never split within a character or an escaped mark */
function piecesOf(literal: string): string[] {
  return literal.slice(1, -1).match(new RegExp(`(?:''|[^']){1,${PIECE_CHARACTERS}}`, 'gu')) ?? []
}
