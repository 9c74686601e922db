/**
 * The identifier of this device: random, made once, and kept while all parts of the machine but one match. Parts are stored
 * only as salted hashes, and never leave the machine.
 */
import { createHash, randomBytes, randomUUID } from 'node:crypto'
import { membersOf, parseMembers } from '../bytes.ts'
import { createFile, readText, replaceFile } from './files.ts'

const FILE = 'keyseal-device.json'
/** A new network card or a new host name does not make another machine. */
const CHANGED_PARTS_MAX = 1

/** By name of the part: what was read, none if it cannot be read. One value in common is a match. */
export type MachineParts = Readonly<Record<string, readonly string[]>>

interface DeviceRecord {
  readonly version: 1
  readonly identifier: string
  readonly salt: string
  /** SHA-256 of the salt and each value. */
  readonly parts: MachineParts
}

/**
 * @returns the stored identifier, or a new one on another machine. If it cannot be stored, the next run gets another one
 */
export async function deviceIdentifier(folder: string, parts: MachineParts): Promise<string> {
  const text = await readText(folder, FILE).catch(() => '')
  const stored = parseRecord(text)
  if (stored !== null) return keepOrReplace(folder, stored, parts)
  const created = newRecord(parts)
  if (text !== null) await store(folder, created)
  else if ((await createFile(folder, FILE, JSON.stringify(created)).catch(() => true)) === false) {
    const other = parseRecord(await readText(folder, FILE))
    return other?.identifier ?? created.identifier
  }
  return created.identifier
}

/** A part that changed is stored again, so that a machine may change part by part over the years. */
async function keepOrReplace(folder: string, stored: DeviceRecord, parts: MachineParts): Promise<string> {
  const current = hashed(parts, stored.salt)
  const changed = Object.keys(current).filter((name) => !hasMatch(stored.parts[name], current[name]))
  const differing = changed.filter((name) => name in stored.parts)
  const record =
    differing.length > CHANGED_PARTS_MAX
      ? newRecord(parts)
      : {
          ...stored,
          parts: {
            ...stored.parts,
            ...Object.fromEntries(changed.map((name) => [name, current[name] ?? []])),
          },
        }
  if (changed.length > 0) await store(folder, record)
  return record.identifier
}

function hasMatch(stored: readonly string[] = [], current: readonly string[] = []): boolean {
  return current.some((hash) => stored.includes(hash))
}

function newRecord(parts: MachineParts): DeviceRecord {
  const salt = randomBytes(16).toString('hex')
  return { version: 1, identifier: randomUUID(), salt, parts: hashed(parts, salt) }
}

/** Without the parts that cannot be read on this run. */
function hashed(parts: MachineParts, salt: string): MachineParts {
  const readable = Object.entries(parts).filter(([, values]) => values.length > 0)
  return Object.fromEntries(
    readable.map(([name, values]) => [name, values.map((value) => hashOf(salt + value))]),
  )
}

function hashOf(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}

async function store(folder: string, record: DeviceRecord): Promise<void> {
  await replaceFile(folder, FILE, JSON.stringify(record)).catch(() => {})
}

/** @returns null for a text that no version wrote */
function parseRecord(text: string | null): DeviceRecord | null {
  const { version, identifier, salt, parts } = parseMembers(text)
  if (version !== 1 || typeof identifier !== 'string' || identifier === '' || typeof salt !== 'string')
    return null
  const lists = Object.entries(membersOf(parts)).map(([name, hashes]) => [
    name,
    Array.isArray(hashes) ? hashes : [],
  ])
  return { version, identifier, salt, parts: Object.fromEntries(lists) }
}
