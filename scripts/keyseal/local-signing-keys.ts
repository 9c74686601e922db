/** The signing keys of `.dev.vars`: what they are, and how one takes the place of another. */

import { SettingError } from '../../src/platform/settings.ts'
import type { PublicKey } from '../../src/signing/keys.ts'
import { GLOBAL_KEY_NAME, NEXT_SUFFIX } from '../../src/signing/signing-keys.ts'
import { changeDevVars, copyDevVars, hasDevVars, readDevVars } from '../dev-vars.ts'
import { newSigningKey, type SigningAlgorithm } from '../secrets.ts'
import { type JudgedKey, judgedKeys } from './judged-keys.ts'
import { algorithmFor, isRetiredSetting, productOf, retiredSettingOf } from './signing-key-settings.ts'

export interface LocalKey {
  /** RFC 7638, as the JWK Set names it. */
  readonly kid: string
  readonly algorithm: SigningAlgorithm
  readonly role: 'current' | 'next' | 'retired'
  /** null: a key of license files, or of responses that no product's own key signs. */
  readonly product: number | null
  readonly setting: string
}

export type NamedKey = Pick<LocalKey, 'kid' | 'algorithm'>

/** What is to be done where there is no `.dev.vars`. */
export const NO_DEV_VARS = 'There is no .dev.vars. Run npm start, which creates it with a signing key.'

/** @throws Error that names the setting that holds no key */
export async function localKeys(): Promise<LocalKey[]> {
  const settings = readDevVars()
  const keys = await judgedKeys(settings)
  return keys.filter(({ setting }) => settings[setting]).map(localKey)
}

function localKey(judged: JudgedKey): LocalKey {
  const { setting } = judged
  const whilePrivate = setting.endsWith(NEXT_SUFFIX) ? 'next' : 'current'
  const role = isRetiredSetting(setting) ? 'retired' : whilePrivate
  return { ...named(usable(judged)), role, product: productOf(setting) ?? null, setting }
}

function usable({ key }: JudgedKey): PublicKey {
  if (!(key instanceof SettingError)) return key
  throw new Error(
    `.dev.vars: ${key.fault}. Run npm run keyseal -- doctor: it names the command that fixes it.`,
  )
}

function named({ jwk }: PublicKey): NamedKey {
  return { kid: jwk.kid, algorithm: jwk.kty === 'OKP' ? 'EdDSA' : 'RSA' }
}

/** @param privateKey one that can be used */
export async function nameOf(privateKey: string): Promise<NamedKey> {
  return named(await publicHalf(GLOBAL_KEY_NAME, privateKey))
}

async function publicHalf(setting: string, privateKey: string): Promise<PublicKey> {
  const keys = await judgedKeys({ [setting]: privateKey })
  return usable(keys.find((key) => key.setting === setting) ?? { setting, key: notThere(setting) })
}

const notThere = (setting: string) => new SettingError(setting, 'is not set', 'npm run keyseal -- doctor')

/**
 * Puts a fresh key where there is none that can be used.
 *
 * @param wanted undefined: the default of the setting
 * @returns also the name of a copy of `.dev.vars`, which has what was in its place
 * @throws Error where there is one that can be used
 */
export async function writeFreshKey(
  setting: string,
  wanted: SigningAlgorithm | undefined,
): Promise<NamedKey & { readonly copy: string | undefined }> {
  if (!hasDevVars()) throw new Error(NO_DEV_VARS)
  const algorithm = algorithmFor(setting, wanted)
  const settings = readDevVars()
  const before = settings[setting]
  if (before && !(await isUnusable(setting, before))) {
    const rotate = 'npm run keyseal -- signing-key rotate'
    throw new Error(`${setting} in .dev.vars is a usable key and was not changed. To replace it: ${rotate}`)
  }
  const copy = before ? copyDevVars() : undefined
  const privateKey = newSigningKey(algorithm)
  changeDevVars({ [setting]: privateKey })
  return { ...(await nameOf(privateKey)), copy }
}

async function isUnusable(setting: string, value: string): Promise<boolean> {
  const keys = await judgedKeys({ [setting]: value })
  return keys.some((judged) => judged.setting === setting && judged.key instanceof SettingError)
}

/** A step of a rotation, and the key that it is about. */
export type RotationStep =
  | (NamedKey & { readonly step: 'published' })
  | (NamedKey & { readonly step: 'switched'; readonly retired: string })

/**
 * Goes one step on with the rotation of a key: publishes the next one, or lets it sign in the place of the one before,
 * whose public half stays published.
 *
 * @param setting of the current key
 * @param algorithm of the next key; undefined: the default of its setting, or what the one is that is published as next
 * @throws Error where one of another algorithm is published as next
 */
export async function rotateLocally(
  setting: string,
  algorithm: SigningAlgorithm | undefined,
): Promise<RotationStep> {
  if (!hasDevVars()) throw new Error(NO_DEV_VARS)
  const settings = readDevVars()
  const current = settings[setting]
  const next = settings[setting + NEXT_SUFFIX]
  if (!current) {
    const create = `npm run keyseal -- signing-key create --write ${setting}`
    throw new Error(
      `.dev.vars has no ${setting}, so there is nothing to rotate. To create the first key: ${create}`,
    )
  }
  const old = await publicHalf(setting, current)
  if (!next) {
    const privateKey = newSigningKey(algorithmFor(setting, algorithm))
    changeDevVars({ [setting + NEXT_SUFFIX]: privateKey })
    return { step: 'published', ...(await nameOf(privateKey)) }
  }
  const taking = named(await publicHalf(setting + NEXT_SUFFIX, next))
  if (algorithm !== undefined && algorithm !== taking.algorithm) {
    throw new Error(
      `There is a next key already, and it is ${taking.algorithm}, not ${algorithm}. Omit --algorithm ` +
        `to let it sign, or remove ${setting + NEXT_SUFFIX} from .dev.vars to start over.`,
    )
  }
  const retiredSetting = retiredSettingOf(setting)
  const retired = [...(await retiredLocally(retiredSetting)).map(usable), old]
  changeDevVars({
    [setting]: `${next}\n`,
    [setting + NEXT_SUFFIX]: undefined,
    [retiredSetting]: textOf(retired),
  })
  return { step: 'switched', ...taking, retired: old.jwk.kid }
}

/** @param setting of retired keys */
async function retiredLocally(setting: string): Promise<JudgedKey[]> {
  const keys = await judgedKeys({ [setting]: readDevVars()[setting] })
  return keys.filter((judged) => judged.setting === setting)
}

/** Publishes a key no longer that signs no more. */
export async function retireLocally(kid: string): Promise<void> {
  const key = (await localKeys()).find((known) => known.kid === kid)
  if (!key) throw new Error('.dev.vars has no such key. List its keys: npm run keyseal -- signing-key list')
  if (key.role !== 'retired') {
    throw new Error(
      `This key is in use (${key.setting}). Replace it first: npm run keyseal -- signing-key rotate`,
    )
  }
  const kept = (await retiredLocally(key.setting)).map(usable).filter(({ jwk }) => jwk.kid !== kid)
  changeDevVars({ [key.setting]: textOf(kept) })
}

/** Takes out what is among the retired keys and can not be read. @returns the name of a copy of `.dev.vars` */
export async function forgetUnusable(): Promise<string> {
  const retired = (await judgedKeys(readDevVars())).filter(({ setting }) => isRetiredSetting(setting))
  const unusable = retired.filter(({ key }) => key instanceof SettingError)
  if (unusable.length === 0) {
    throw new Error('All retired keys in .dev.vars are readable, so nothing was changed.')
  }
  const copy = copyDevVars()
  for (const { setting } of unusable) {
    const keys = retired.flatMap((judged) => (judged.setting === setting ? [judged.key] : []))
    changeDevVars({
      [setting]: textOf(keys.filter((key): key is PublicKey => !(key instanceof SettingError))),
    })
  }
  return copy
}

/** The value of a setting of retired keys; undefined: it is removed. */
function textOf(keys: readonly PublicKey[]): string | undefined {
  return keys.length === 0 ? undefined : keys.map(({ pem }) => pem).join('\n')
}
