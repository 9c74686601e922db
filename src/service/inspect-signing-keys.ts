/** The signing keys that are usable and published, and what is wrong with the others. */
import type { Bindings, SettingError } from '../platform/settings.ts'
import { fileSigningSecrets, publishedFileKeys } from '../signing/file-keys.ts'
import type { PublicKey } from '../signing/keys.ts'
import { type PublishedKeys, publishedKeys } from '../signing/published-keys.ts'
import { SigningKeyError, signingSecrets } from '../signing/signing-keys.ts'

export interface InspectedKeys {
  /** Sign responses. */
  readonly responseKeys: readonly PublicKey[]
  /** Sign license files. */
  readonly fileKeys: readonly PublicKey[]
  readonly faults: readonly SettingError[]
}

export async function inspectSigningKeys(env: Bindings): Promise<InspectedKeys> {
  const ofResponses = await publishedOrFault(env)
  const ofFiles = await publishedFileKeys(fileSigningSecrets(env))
  return {
    responseKeys: ofResponses.keys,
    fileKeys: ofFiles.keys,
    faults: [...ofResponses.faults, ...ofFiles.faults],
  }
}

async function publishedOrFault(env: Bindings): Promise<PublishedKeys> {
  try {
    return await publishedKeys(signingSecrets(env))
  } catch (error) {
    if (!(error instanceof SigningKeyError)) throw error
    return { keys: [], faults: [error] }
  }
}
