/** The form of exported rows. */
import { isoInstant } from '../fields.ts'

/** Others wrote these, so they stay as they are. */
const AS_STORED = ['before', 'after', 'payload']

/** @param row an instant has a name that ends with `_at`, or is `at` */
export function withIsoInstants(row: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(row).map(([name, value]) => [name, exported(name, value)]))
}

function exported(name: string, value: unknown): unknown {
  if (AS_STORED.includes(name)) return value
  if (Array.isArray(value)) return value.map(withIsoInstants)
  if (typeof value === 'object' && value !== null) return withIsoInstants(value as Record<string, unknown>)
  return typeof value === 'number' && /(^|_)at$/.test(name) ? isoInstant(value) : value
}
