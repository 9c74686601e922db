/** Signing keys as the Worker's own code reads them, so that nothing is called good here that it refuses. */

import { SettingError } from '../../src/platform/settings.ts'
import { fileSigningSecrets, isFileKeySetting, readFileKey } from '../../src/signing/file-keys.ts'
import { derivePublicKey, type PublicKey } from '../../src/signing/keys.ts'
import { retiredKeys } from '../../src/signing/published-keys.ts'
import { GLOBAL_KEY_NAME, readKeySetting, signingSecrets } from '../../src/signing/signing-keys.ts'
import { isRetiredSetting } from './signing-key-settings.ts'

export interface JudgedKey {
  readonly setting: string
  /** Or what is wrong with it. */
  readonly key: PublicKey | SettingError
}

/**
 * @param settings all that the Worker would have, by name
 * @returns every key among them: those of responses, the global one first and also where it is missing, then those of
 * license files
 */
export async function judgedKeys(settings: Readonly<Record<string, unknown>>): Promise<JudgedKey[]> {
  const secrets = { ...signingSecrets(settings), ...fileSigningSecrets(settings) }
  const names = new Set([GLOBAL_KEY_NAME, ...Object.keys(secrets)])
  const all = [...names].map(async (setting) => {
    const keys = await judge(setting, secrets[setting])
    return keys.map((key) => ({ setting, key }))
  })
  return (await Promise.all(all)).flat()
}

async function judge(setting: string, value: string | undefined): Promise<(PublicKey | SettingError)[]> {
  if (isRetiredSetting(setting)) return retiredKeys(value, setting)
  try {
    const ofFiles = value !== undefined && isFileKeySetting(setting)
    return [await (ofFiles ? readFileKey(setting, value) : readKeySetting(setting, value, derivePublicKey))]
  } catch (error) {
    if (error instanceof SettingError) return [error]
    throw error
  }
}

/** What is wrong with each setting that holds a key that can not be used. */
export function faultsBySetting(keys: readonly JudgedKey[]): Map<string, string> {
  const faults = new Map<string, string>()
  for (const { setting, key } of keys) {
    if (!(key instanceof SettingError)) continue
    const before = faults.get(setting)
    faults.set(setting, before === undefined ? key.fault : `${before}; ${key.fault}`)
  }
  return faults
}
