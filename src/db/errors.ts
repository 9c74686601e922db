/**
 * What a failed D1 call means. D1 reports everything as an Error whose text is the only difference, so the
 * texts are read here and nowhere else. The texts name tables and columns, never values: they may be logged.
 */
import { LoggableError } from '../platform/log.ts'

/** The database could not be asked, or its answer was lost: the write may or may not have been committed. */
export class DatabaseUnavailableError extends LoggableError {
  override name = 'DatabaseUnavailableError'
  /** Whether it is over in a moment. What is overloaded or too slow is made worse by asking again. */
  readonly isTransient: boolean

  constructor(text: string, options: ErrorOptions) {
    super(text, options)
    this.isTransient = TRANSIENT.test(text)
  }
}

/** A UNIQUE constraint refused a row; the whole batch was rolled back. */
export class UniqueConstraintError extends LoggableError {
  override name = 'UniqueConstraintError'
  /** The columns of the constraint, as SQLite names them: `license_keys.license_key`. */
  readonly columns: string

  constructor(columns: string, options: ErrorOptions) {
    super(`UNIQUE constraint failed: ${columns}`, options)
    this.columns = columns
  }
}

/** A fault of ours: a statement SQLite refuses, a constraint that should have been checked before. */
export class DatabaseStatementError extends LoggableError {
  override name = 'DatabaseStatementError'
}

/** The texts for which Cloudflare's "Debug D1" recommends nothing but to try again. */
const TRANSIENT =
  /Network connection lost|storage caused object to be reset|reset because its code was updated|Cannot resolve D1 DB due to transient issue/
const UNIQUE_FAILED = /UNIQUE constraint failed: ([\w., ]+)/
const NOT_MIGRATED = /no such (?:table|column)/
/** SQLite's own result codes for "this statement is wrong"; D1 appends them to its texts. */
const STATEMENT_REFUSED = /SQLITE_(?:ERROR|CONSTRAINT|MISMATCH|RANGE|TOOBIG)|D1_TYPE_ERROR|D1_COLUMN_NOTFOUND/

/**
 * @param cause what a D1 call threw
 * @returns the error to throw in its place; anything not recognised as a fault of ours is unavailability
 */
export function databaseError(cause: unknown): Error {
  const text = cause instanceof Error ? cause.message : String(cause)
  const unique = UNIQUE_FAILED.exec(text)
  if (unique?.[1]) return new UniqueConstraintError(unique[1], { cause })
  if (!STATEMENT_REFUSED.test(text)) return new DatabaseUnavailableError(text, { cause })
  const remedy = NOT_MIGRATED.test(text) ? '. To mend it: npx wrangler d1 migrations apply DB --remote' : ''
  return new DatabaseStatementError(text + remedy, { cause })
}
