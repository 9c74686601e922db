/** The options of an app, checked at construction so that a mistake is seen on the first run. */
import { type PublicKey, readPublicKey, type Scheme } from './keys.ts'

/** The signature of license files. It is pinned: a file cannot choose another one. */
export type Algorithm = 'ed25519' | 'rsa-sha256'

/** Stores one text. `storage()` in `keyseal-client/device` is one. */
export interface KeysealStorage {
  /** @returns null if nothing is stored */
  readonly read: () => string | null | Promise<string | null>
  readonly write: (text: string) => void | Promise<void>
}

/** What a license file must match. */
export interface FileOptions {
  readonly productId: number
  /** Keys of license files: 64 hex digits for Ed25519, PEM for RSA. */
  readonly fileKeys: readonly string[]
  /** The default is `ed25519`. */
  readonly algorithm?: Algorithm | undefined
  /** Whether a file without a machine is accepted. The default is false. */
  readonly allowAnyMachine?: boolean | undefined
}

/** What an answer of the server must match. */
export interface AnswerOptions {
  readonly productId: number
  /** Keys of answers: PEM, RSA or Ed25519. */
  readonly answerKeys: readonly string[]
}

export interface KeysealOptions extends FileOptions, AnswerOptions {
  /** Such as `https://licenses.example.com`. */
  readonly server: string
  /** An API key with the capability `use`. */
  readonly apiKey: string
  readonly storage: KeysealStorage
  /** Identifies this device. `device()` in `keyseal-client/device` does. */
  readonly device: string | (() => string | Promise<string>)
  /** Whether license files are encrypted. The default is true. */
  readonly encrypt?: boolean | undefined
  /** How long a license goes on after the end of its file. The default is 7. */
  readonly graceDays?: number | undefined
  /** How long a license file counts. The default is the server's, which is 14. */
  readonly fileDays?: number | undefined
  /** Returns milliseconds since 1970. For tests. */
  readonly clock?: (() => number) | undefined
}

export interface FileRules {
  readonly productId: number
  readonly fileKeys: readonly PublicKey[]
  readonly algorithm: Algorithm
  readonly allowAnyMachine: boolean
}

export interface AnswerRules {
  readonly productId: number
  readonly answerKeys: readonly PublicKey[]
}

export interface Settings extends FileRules, AnswerRules {
  readonly server: string
  readonly apiKey: string
  readonly storage: KeysealStorage
  readonly device: () => string | Promise<string>
  readonly encrypt: boolean
  readonly graceDays: number
  readonly fileDays: number | undefined
  readonly clock: () => number
}

const SCHEMES: Readonly<Record<Algorithm, Scheme>> = { ed25519: 'Ed25519', 'rsa-sha256': 'RSASSA-PKCS1-v1_5' }

/** @throws Error that names the option and says what to do */
export function readOptions(options: KeysealOptions): Settings {
  if (typeof crypto === 'undefined' || crypto.subtle === undefined) {
    throw new Error('WebCrypto is missing. Browsers offer it only to pages loaded over https.')
  }
  const { apiKey, storage, device, encrypt = true, graceDays = 7, fileDays, clock = Date.now } = options
  demand(isText(apiKey) && /^[!-~]+$/.test(apiKey), 'apiKey', 'Give an API key with the capability use.')
  demand(
    typeof storage?.read === 'function' && typeof storage.write === 'function',
    'storage',
    'Give storage() from keyseal-client/device, or an object with read() and write(text).',
  )
  demand(
    typeof device === 'function' || isText(device),
    'device',
    'Give device() from keyseal-client/device, or a function that returns the identifier.',
  )
  demand(typeof encrypt === 'boolean', 'encrypt', 'Give true or false.')
  demand(isDays(graceDays), 'graceDays', 'Give a number of days, 0 or more.')
  demand(fileDays === undefined || (isDays(fileDays) && fileDays > 0), 'fileDays', 'Give a number of days.')
  demand(typeof clock === 'function', 'clock', 'Give a function that returns milliseconds since 1970.')
  return {
    ...readFileOptions(options),
    ...readAnswerOptions(options),
    server: originOf(options.server),
    apiKey,
    storage,
    device: typeof device === 'function' ? device : () => device,
    encrypt,
    graceDays,
    fileDays,
    clock,
  }
}

/** @throws Error that names the option and says what to do */
export function readFileOptions(options: FileOptions): FileRules {
  const { productId, algorithm = 'ed25519', allowAnyMachine = false } = options
  requireProductId(productId)
  demand(Object.hasOwn(SCHEMES, algorithm), 'algorithm', 'Give ed25519 or rsa-sha256.')
  demand(typeof allowAnyMachine === 'boolean', 'allowAnyMachine', 'Give true or false.')
  const keys = readKeys('fileKeys', options.fileKeys, '/.well-known/license-file-keys.json')
  const fileKeys = keys.filter(({ scheme }) => scheme === SCHEMES[algorithm])
  demand(fileKeys.length > 0, 'fileKeys', `Give at least one key for the algorithm ${algorithm}.`)
  return { productId, fileKeys, algorithm, allowAnyMachine }
}

/** @throws Error that names the option and says what to do */
export function readAnswerOptions({ productId, answerKeys }: AnswerOptions): AnswerRules {
  requireProductId(productId)
  return { productId, answerKeys: readKeys('answerKeys', answerKeys, '/api/v1/public-key') }
}

function readKeys(option: string, texts: readonly string[], address: string): PublicKey[] {
  demand(
    Array.isArray(texts) && texts.length > 0,
    option,
    `Give a list with the public keys that the server shows at ${address}.`,
  )
  return texts.map((text, index) => {
    const key = isText(text) ? readPublicKey(text) : null
    if (key === null) {
      const kinds = 'Ed25519, or RSA with at least 2048 bits and the exponent 65537'
      throw wrong(
        option,
        `Entry ${index + 1} is not a public key (${kinds}). The server shows its keys at ${address}.`,
      )
    }
    return key
  })
}

function originOf(server: string): string {
  const url = URL.canParse(server) ? new URL(server) : null
  if (url === null || !/^https?:$/.test(url.protocol) || url.href !== `${url.origin}/`) {
    throw wrong('server', 'Give its origin, such as https://licenses.example.com.')
  }
  return url.origin
}

function requireProductId(productId: number): void {
  demand(Number.isSafeInteger(productId) && productId > 0, 'productId', 'Give the number of the product.')
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value.trim() !== ''
}

function isDays(value: unknown): boolean {
  return typeof value === 'number' && value >= 0 && value < Number.POSITIVE_INFINITY
}

function demand(condition: boolean, option: string, advice: string): void {
  if (!condition) throw wrong(option, advice)
}

function wrong(option: string, advice: string): Error {
  return new TypeError(`The option ${option} is missing or wrong. ${advice}`)
}
