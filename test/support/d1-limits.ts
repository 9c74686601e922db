/**
 * D1's limits, enforced on every statement that runs in the Workers runtime. The local database allows longer values than
 * production does. A statement that exceeds a limit is rejected as in production, and fails its test.
 *
 * The classes of the binding are changed once per isolate, so the Worker, its queue consumer and the tests all go
 * through here. Source of the limits: https://developers.cloudflare.com/d1/platform/limits/
 */

/** The local database enforces the length of statements and patterns, and the numbers of parameters and columns itself. */
export const D1_LIMITS = {
  /** Of a text or blob that is bound or returned, and of all values of a row together. */
  valueBytes: 2_000_000,
  statementBytes: 100_000,
  parameters: 100,
  columns: 100,
  /** Of LIKE and GLOB. */
  patternBytes: 50,
  functionArguments: 32,
  /** D1 does not say whether a batch counts as one query. The Free plan allows 50 for each request. */
  batchStatements: 50,
}

/** The members of D1PreparedStatement that its types do not show. */
interface PreparedStatement {
  readonly statement: string
  readonly params: readonly unknown[]
}

type Method = (this: object, ...parameters: unknown[]) => Promise<unknown>
type Prototype = Record<string, Method> & { [VIOLATIONS]?: string[] }

/** Test files share an isolate and may each load this module. */
const VIOLATIONS = Symbol.for('keyseal.d1-violations')

let violations: string[] = []

/** Call this once per test file. @param db any D1 binding */
export function enforceD1Limits(db: D1Database): void {
  const session = prototypeOf(db.withSession())
  const statement = prototypeOf(db.prepare('select 1'))
  const known = session[VIOLATIONS]
  violations = known ?? []
  if (known) return
  session[VIOLATIONS] = violations
  // The batches of the database itself run in a session, too.
  wrap(session, 'batch', (_, [statements]) => statements as PreparedStatement[])
  for (const name of ['first', 'run', 'all', 'raw'])
    wrap(statement, name, (self) => [self as PreparedStatement])
}

/** @returns the violations since the last call */
export function takeD1Violations(): string[] {
  return violations.splice(0)
}

function prototypeOf(object: object): Prototype {
  return Object.getPrototypeOf(object)
}

function wrap(
  prototype: Prototype,
  name: string,
  statementsOf: (self: object, parameters: readonly unknown[]) => readonly PreparedStatement[],
): void {
  const run = prototype[name]
  if (!run) throw new Error(`The D1 binding has no method ${name}.`)
  prototype[name] = async function (...parameters) {
    const statements = statementsOf(this, parameters)
    reject(faultsBefore(statements), statements)
    const result = await run.apply(this, parameters)
    reject(faultsInRows(rowsOf(result)), statements)
    return result
  }
}

/** @throws the error of D1, which the Worker classifies as in production */
function reject(faults: readonly string[], statements: readonly PreparedStatement[]): void {
  const [fault] = faults
  if (fault === undefined) return
  const [{ statement } = { statement: '' }] = statements
  violations.push(`${fault}: ${statement.trim().replaceAll(/\s+/g, ' ').slice(0, 200)}`)
  throw new Error(`D1_ERROR: string or blob too big: ${fault}: SQLITE_TOOBIG`)
}

function faultsBefore(statements: readonly PreparedStatement[]): string[] {
  return [
    ...(statements.some(isOfMigration)
      ? []
      : above('statements in a batch', statements.length, D1_LIMITS.batchStatements)),
    ...statements.flatMap(({ statement, params }) => [
      ...above('bytes of a statement', bytesOf(statement), D1_LIMITS.statementBytes),
      ...above('bound parameters', params.length, D1_LIMITS.parameters),
      ...above('arguments of a function', functionArgumentsMax(statement), D1_LIMITS.functionArguments),
      ...params.flatMap((value) => above('bytes of a bound value', bytesOf(value), D1_LIMITS.valueBytes)),
    ]),
  ]
}

/** In production, Wrangler applies the migrations, not the Worker. */
function isOfMigration({ statement }: PreparedStatement): boolean {
  return /^CREATE TABLE/m.test(statement)
}

function faultsInRows(rows: readonly object[]): string[] {
  return rows.flatMap((row) => {
    const values = Object.values(row)
    const bytes = values.reduce((sum, value) => sum + bytesOf(value), 0)
    return [
      ...above('bytes of a returned row', bytes, D1_LIMITS.valueBytes),
      ...above('columns', values.length, D1_LIMITS.columns),
    ]
  })
}

function above(what: string, number: number, limit: number): string[] {
  return number > limit ? [`${number} ${what}, and D1 allows ${limit}`] : []
}

/** The rows that `batch`, `first`, `run`, `all` or `raw` returned. */
function rowsOf(result: unknown): object[] {
  const results = Array.isArray(result) ? result : [result]
  return results.flatMap((one) => (Array.isArray(one?.results) ? one.results : one ? [one] : []))
}

const encoder = new TextEncoder()

/** Numbers and null count as nothing. */
function bytesOf(value: unknown): number {
  if (typeof value === 'string') return encoder.encode(value).byteLength
  return Array.isArray(value) ? value.length : 0
}

const argumentsByStatement = new Map<string, number>()

/** @param text SQL in which a function's name stands directly before its parenthesis, as in this project */
function functionArgumentsMax(text: string): number {
  const known = argumentsByStatement.get(text)
  if (known !== undefined) return known
  let most = 0
  const open: { readonly isFunction: boolean; commas: number }[] = []
  for (const [token] of text.matchAll(/'(?:[^']|'')*'|"[^"]*"|\w\(|[(),]/g)) {
    const innermost = open.at(-1)
    if (token.endsWith('(')) open.push({ isFunction: token.length > 1, commas: 0 })
    else if (token === ',' && innermost) innermost.commas += 1
    else if (token === ')' && open.pop()?.isFunction) most = Math.max(most, (innermost?.commas ?? 0) + 1)
  }
  argumentsByStatement.set(text, most)
  return most
}
