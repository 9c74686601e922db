/** The settings of signing keys: those of responses, and those of license files. */
import {
  FILE_KEYS,
  fileAlgorithmOf,
  isFileKeySetting,
  RETIRED_FILE_KEYS_NAME,
} from '../../src/signing/file-keys.ts'
import { GLOBAL_KEY_NAME, RETIRED_KEYS_NAME } from '../../src/signing/signing-keys.ts'
import type { SigningAlgorithm } from '../secrets.ts'

const OF_RESPONSES = /^SIGNING_PRIVATE_KEY(?:_PRODUCT_([1-9]\d*))?(_NEXT)?$/

/** The setting that holds the private key of a product, or the global one. */
export function settingOf(productId: number | undefined): string {
  return productId === undefined ? GLOBAL_KEY_NAME : `${GLOBAL_KEY_NAME}_PRODUCT_${productId}`
}

/** Whether a setting of this name holds a private key. */
export function isKeySetting(setting: string): boolean {
  return OF_RESPONSES.test(setting) || isFileKeySetting(setting)
}

/** undefined: no product. */
export function productOf(setting: string): number | undefined {
  const product = OF_RESPONSES.exec(setting)?.[1]
  return product === undefined ? undefined : Number(product)
}

export function isRetiredSetting(setting: string): boolean {
  return setting === RETIRED_KEYS_NAME || setting === RETIRED_FILE_KEYS_NAME
}

/** The setting that publishes a key after it was replaced. */
export function retiredSettingOf(setting: string): string {
  return isFileKeySetting(setting) ? RETIRED_FILE_KEYS_NAME : RETIRED_KEYS_NAME
}

/**
 * @param wanted undefined: the default of the setting
 * @throws Error if the setting takes another algorithm only
 */
export function algorithmFor(setting: string, wanted?: SigningAlgorithm): SigningAlgorithm {
  if (!isFileKeySetting(setting)) return wanted ?? 'RSA'
  const algorithm = FILE_KEYS[fileAlgorithmOf(setting)].jwkAlgorithm === 'EdDSA' ? 'EdDSA' : 'RSA'
  if (wanted === undefined || wanted === algorithm) return algorithm
  throw new Error(`${setting} must be ${algorithm}, not ${wanted}. Omit --algorithm.`)
}

/** The command that prints a new private key for a setting. */
export function createCommandFor(setting: string, wanted?: SigningAlgorithm): string {
  const algorithm = algorithmFor(setting, wanted)
  const create = 'npm run --silent keyseal -- signing-key create'
  return algorithm === 'RSA' ? create : `${create} --algorithm ${algorithm}`
}

/** What the wait for all clients to have a new public key takes. */
export function howClientsGet(setting: string): string {
  return isFileKeySetting(setting)
    ? 'an update for software that ships keys of license files'
    : 'five minutes for clients that read /.well-known/jwks.json, an update for software that ships keys'
}

/** A key that is rotated. */
export interface Rotated {
  /** Of the current key. */
  readonly setting: string
  /** The option that selects it, after a space; empty for the global key. */
  readonly option: string
}

export interface RotatedOptions {
  readonly productId?: number
  readonly files?: true
  readonly filesRsa?: true
}

export function rotatedKey({ productId, files, filesRsa }: RotatedOptions): Rotated {
  if (files) return { setting: FILE_KEYS.ed25519.setting, option: ' --files' }
  if (filesRsa) return { setting: FILE_KEYS['rsa-sha256'].setting, option: ' --files-rsa' }
  return {
    setting: settingOf(productId),
    option: productId === undefined ? '' : ` --product-id ${productId}`,
  }
}
