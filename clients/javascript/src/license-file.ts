/**
 * Reads license files. It verifies before it decrypts, and decrypts before it parses. The key and the algorithm are those
 * of the app, never those that the file names.
 */
import { fromBase64, parseMembers, sha256, textFromBase64, textOf } from './bytes.ts'
import { isSigned } from './keys.ts'
import {
  contentsOf,
  type FileFault,
  type FileHolder,
  type FileReading,
  isFromTheFuture,
} from './license-file-contents.ts'
import { type FileOptions, type FileRules, readFileOptions } from './options.ts'

/** Longer texts are not parsed. */
const CHARACTERS_MAX = 65_536
const IV_BYTES = 12
const TAG_BYTES = 16
const TAMPERED = { kind: 'tampered' } as const
const ANOTHER_KEY = Symbol('another license key or machine')

export type FileVerdict = 'valid' | 'expired' | 'clock-set-back' | FileFault

export interface VerifiedFile {
  readonly verdict: FileVerdict
  /** The three are there if the verdict is `valid` or `expired`. */
  readonly features?: readonly string[]
  /** The end of the license, null if it has none. */
  readonly expiresAt?: Date | null
  /** The end of the file. */
  readonly expiry?: Date
}

/**
 * Verifies a license file without a server or storage.
 *
 * @param now milliseconds since 1970
 * @throws Error if an option is wrong, or if the platform supports none of the keys
 */
export async function verifyFile(
  text: string,
  holder: FileHolder,
  options: FileOptions,
  now = Date.now(),
): Promise<VerifiedFile> {
  const reading = await readFile(text, holder, readFileOptions(options))
  if (reading.kind !== 'read') return { verdict: reading.kind }
  if (isFromTheFuture(reading.file, now)) return { verdict: 'clock-set-back' }
  const { features, expiresAt, expiry } = reading.file
  return {
    verdict: now < expiry ? 'valid' : 'expired',
    features,
    expiresAt: expiresAt === null ? null : new Date(expiresAt),
    expiry: new Date(expiry),
  }
}

/** Reads a file, whatever the time is. */
export async function readFile(text: string, holder: FileHolder, rules: FileRules): Promise<FileReading> {
  const certificate = certificateOf(text)
  const encrypted = certificate?.alg === `aes-256-gcm+${rules.algorithm}`
  if (
    certificate === null ||
    !(encrypted || certificate.alg === `base64+${rules.algorithm}`) ||
    !(certificate.kind === 'machine' || rules.allowAnyMachine) ||
    !(await isSigned(`${certificate.kind}/${certificate.enc}`, certificate.sig, rules.fileKeys))
  ) {
    return TAMPERED
  }
  const payload = encrypted ? await decrypt(certificate, trimmed(holder)) : textFromBase64(certificate.enc)
  if (payload === null) return TAMPERED
  if (payload === ANOTHER_KEY) return { kind: 'wrong-machine' }
  return contentsOf(payload, certificate.kind, trimmed(holder), rules)
}

function trimmed({ licenseKey, identifier }: FileHolder): FileHolder {
  return { licenseKey: licenseKey.trim(), identifier: identifier.trim() }
}

interface Certificate {
  readonly kind: 'machine' | 'license'
  readonly enc: string
  readonly sig: string
  readonly alg: string
}

const KINDS = { 'MACHINE FILE': 'machine', 'LICENSE FILE': 'license' } as const

/** The line breaks may be missing: people paste files. */
function certificateOf(text: string): Certificate | null {
  const lines = text.trim()
  if (lines.length > CHARACTERS_MAX) return null
  for (const [name, kind] of Object.entries(KINDS)) {
    const [begin, end] = [`-----BEGIN ${name}-----`, `-----END ${name}-----`]
    if (!lines.startsWith(begin) || !lines.endsWith(end)) continue
    const { enc, sig, alg } = parseMembers(textFromBase64(lines.slice(begin.length, -end.length)))
    if (typeof enc === 'string' && typeof sig === 'string' && typeof alg === 'string') {
      return { kind, enc, sig, alg }
    }
  }
  return null
}

/**
 * @returns null if the parts are not those of an encrypted file. The signature is good, so a failure of the decryption
 * means that the file is for another license key or machine
 */
async function decrypt({ kind, enc }: Certificate, holder: FileHolder) {
  const secret = holder.licenseKey + (kind === 'machine' ? holder.identifier : '')
  const [ciphertext, iv, tag, ...more] = enc.split('.').map(fromBase64)
  if (iv?.length !== IV_BYTES || tag?.length !== TAG_BYTES || !ciphertext || more.length > 0) return null
  const key = await crypto.subtle.importKey('raw', await sha256(secret), 'AES-GCM', false, ['decrypt'])
  const sealed = new Uint8Array([...ciphertext, ...tag])
  try {
    return textOf(new Uint8Array(await crypto.subtle.decrypt({ name: 'AES-GCM', iv }, key, sealed)))
  } catch {
    return ANOTHER_KEY
  }
}
