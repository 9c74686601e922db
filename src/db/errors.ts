/**
 * Classifies failed D1 calls. D1 errors differ only in their text, so this file parses the texts, and no
 * other file does. The texts name tables and columns but contain no values, so they may be logged.
 */
import { LoggableError } from '../platform/log.ts'

/** The database was unreachable, or its response was lost. The write may or may not have been committed. */
export class DatabaseUnavailableError extends LoggableError {
  override name = 'DatabaseUnavailableError'
  /** Whether a retry is likely to succeed. Retries make an overloaded or slow database worse. */
  readonly isTransient: boolean

  constructor(text: string, options: ErrorOptions) {
    super(text, options)
    this.isTransient = TRANSIENT.test(text)
  }
}

/** A row violated a UNIQUE constraint, and the whole batch was rolled back. */
export class UniqueConstraintError extends LoggableError {
  override name = 'UniqueConstraintError'
  /** The columns of the constraint, as SQLite names them: `license_keys.license_key`. */
  readonly columns: string

  constructor(columns: string, options: ErrorOptions) {
    super(`UNIQUE constraint failed: ${columns}`, options)
    this.columns = columns
  }
}

/** A bug: an invalid statement, or a violated constraint that the code should have checked first. */
export class DatabaseStatementError extends LoggableError {
  override name = 'DatabaseStatementError'
}

/** The errors for which Cloudflare's "Debug D1" recommends only a retry. */
const TRANSIENT =
  /Network connection lost|storage caused object to be reset|reset because its code was updated|Cannot resolve D1 DB due to transient issue/
const UNIQUE_FAILED = /UNIQUE constraint failed: ([\w., ]+)/
const NOT_MIGRATED = /no such (?:table|column)/
/** D1 appends SQLite's result codes to its texts. These mean that the statement is wrong. */
const STATEMENT_REFUSED = /SQLITE_(?:ERROR|CONSTRAINT|MISMATCH|RANGE|TOOBIG)|D1_TYPE_ERROR|D1_COLUMN_NOTFOUND/

/**
 * @param cause thrown by a D1 call
 * @returns the error to throw instead. An unrecognized error counts as unavailability.
 */
export function databaseError(cause: unknown): Error {
  const text = cause instanceof Error ? cause.message : String(cause)
  const unique = UNIQUE_FAILED.exec(text)
  if (unique?.[1]) return new UniqueConstraintError(unique[1], { cause })
  if (!STATEMENT_REFUSED.test(text)) return new DatabaseUnavailableError(text, { cause })
  const remedy = NOT_MIGRATED.test(text) ? '. To fix it: npx wrangler d1 migrations apply DB --remote' : ''
  return new DatabaseStatementError(text + remedy, { cause })
}
