/**
 * The public keys of signing keys that sign no more: published for as long as somebody may verify what they signed.
 * They are no secret, and nothing but public keys belongs among them.
 */
import { SettingError } from '../platform/setting-error.ts'
import { MODULUS_BITS_MIN } from './key-algorithms.ts'
import { describePublicKey, type PublicKey } from './public-half.ts'
import { RETIRED_KEYS_NAME } from './signing-keys.ts'

const REMEDY = `put into [vars] ${RETIRED_KEYS_NAME} in wrangler.toml only public keys, as GET /api/v1/public-key gave them, then npx wrangler deploy`
/** A text with one is more than a typing mistake: whoever reads the file that it stands in can sign. */
const PRIVATE_KEY = /-----BEGIN [A-Z ]*PRIVATE KEY-----/
const AFTER_EACH_PEM = /(?<=-----END [A-Z ]+-----)/

/**
 * @param text PEMs of public keys one after the other, or a JSON list of them; undefined: there are none
 * @returns for each a key, or what is wrong with it and how it is mended
 */
export async function retiredKeys(text: string | undefined): Promise<(PublicKey | SettingError)[]> {
  if (text === undefined) return []
  return Promise.all(entriesOf(text.trim()).map((entry, index) => readEntry(entry, index + 1)))
}

function entriesOf(text: string): readonly unknown[] {
  if (!text.startsWith('[')) {
    // A setting on one line has its line ends as the two characters `\n`.
    const pems = text.replaceAll('\\n', '\n').split(AFTER_EACH_PEM)
    return pems.filter((entry) => entry.trim() !== '')
  }
  try {
    return JSON.parse(text)
  } catch {
    return [text]
  }
}

async function readEntry(entry: unknown, place: number): Promise<PublicKey | SettingError> {
  if (typeof entry === 'string' && PRIVATE_KEY.test(entry)) {
    const fault = `holds a private key at place ${place}: who has read it can sign in your name, so replace that key`
    return new SettingError(RETIRED_KEYS_NAME, fault, REMEDY)
  }
  try {
    return await describePublicKey(String(entry))
  } catch {
    const fault = `holds at place ${place} what is not an RSA public key of at least ${MODULUS_BITS_MIN} bits in PEM, nor an Ed25519 one`
    return new SettingError(RETIRED_KEYS_NAME, fault, REMEDY)
  }
}
