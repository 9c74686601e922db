/** The license files of clients/vectors, which the Worker made, and what a program must say about each. */
import { createPublicKey } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { project } from '../support/clone.ts'

type Algorithm = 'ed25519' | 'rsa-sha256'
type Verdict = 'valid' | 'expired' | 'tampered' | 'wrong-machine' | 'other-product' | 'clock-set-back'

export interface FileVector {
  readonly name: string
  readonly file: string
  readonly licenseKey: string
  readonly identifier: string
  readonly algorithm: Algorithm
  readonly allowAnyMachine: boolean
  /** The time of the device. */
  readonly now: string
  readonly expect: { readonly verdict: Verdict; readonly expiry?: string }
}

interface Keys {
  readonly productId: number
  readonly fileKeys: Readonly<Record<Algorithm, readonly string[]>>
}

const FOLDER = path.join(project, 'clients/vectors')

/** In front of a raw Ed25519 key in SPKI (RFC 8410 section 4). */
const ED25519_SPKI_PREFIX = '302a300506032b6570032100'

const { productId, fileKeys } = JSON.parse(read('keys.json')) as Keys
const [ed25519Hex = ''] = fileKeys.ed25519
const [rsaPem = ''] = fileKeys['rsa-sha256']

export const PRODUCT_ID = String(productId)

/** 64 hexadecimal digits. */
export const ED25519_KEY = ed25519Hex

export const KEY_PEMS: Readonly<Record<Algorithm, string>> = {
  ed25519: pemOf(ed25519Hex),
  'rsa-sha256': rsaPem,
}

/** Without those for apps that accept a file for any machine: the programs accept none. */
export const FILE_VECTORS: readonly FileVector[] = readdirSync(FOLDER)
  .filter((name) => name.endsWith('.lic'))
  .map((name) => path.basename(name, '.lic'))
  .map((name) => ({ ...JSON.parse(read(`${name}.json`)), name, file: read(`${name}.lic`) }) as FileVector)
  .filter(({ allowAnyMachine }) => !allowAnyMachine)

function read(name: string): string {
  return readFileSync(path.join(FOLDER, name), 'utf8')
}

function pemOf(hex: string): string {
  const key = Buffer.from(ED25519_SPKI_PREFIX + hex, 'hex')
  return createPublicKey({ key, format: 'der', type: 'spki' })
    .export({ format: 'pem', type: 'spki' })
    .toString()
}
