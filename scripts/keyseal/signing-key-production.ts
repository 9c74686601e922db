/** What an operator does in production, where no command reads a secret: said step by step. */
import { isFileKeySetting, RETIRED_FILE_KEYS_NAME } from '../../src/signing/file-keys.ts'
import { NEXT_SUFFIX, RETIRED_KEYS_NAME } from '../../src/signing/signing-keys.ts'
import type { SigningAlgorithm } from '../secrets.ts'
import { type CommandOutput, textOutput } from './command.ts'
import { FILE_KEYS_PATH } from './service.ts'
import { createCommandFor, howClientsGet, productOf, retiredSettingOf } from './signing-key-settings.ts'

/**
 * @param setting of the current key
 * @param algorithm of the next key; undefined: the default of the setting
 */
export function rotationCommands(setting: string, algorithm?: SigningAlgorithm): CommandOutput {
  const create = createCommandFor(setting, algorithm)
  const product = productOf(setting)
  const address = isFileKeySetting(setting) ? FILE_KEYS_PATH : publicKeyPath(product)
  // What is fetched for a product without a key of its own is the global key, which goes on signing.
  const unlessFirst = product === undefined ? '' : ' (Skip this for the first key of a product.)'
  return steps([
    [
      'Create the next key. Keep the file until the key signs.',
      `(umask 077; ${create} > next-signing-key.pem)`,
    ],
    ['Publish it.', `npx wrangler secret put ${setting}${NEXT_SUFFIX} < next-signing-key.pem`],
    [
      `Wait until all clients have it: ${howClientsGet(setting)}. Then fetch the old public key, and add its PEM to [vars] ${retiredSettingOf(setting)} in wrangler.toml.${unlessFirst}`,
      `curl -s 'https://<your worker>${address}'`,
    ],
    [`Publish the old key as retired.${unlessFirst}`, 'npm run deploy'],
    ['Let the next key sign.', `npx wrangler secret put ${setting} < next-signing-key.pem`],
    [
      'Delete the setting of the next key, which is now the current key.',
      `npx wrangler secret delete ${setting}${NEXT_SUFFIX}`,
    ],
    ['Delete the file, so that others cannot read the key.', 'rm next-signing-key.pem'],
  ])
}

function publicKeyPath(product: number | undefined): string {
  return `/api/v1/public-key${product === undefined ? '' : `?product_id=${product}`}`
}

export function retirementCommands(kid: string): CommandOutput {
  return steps([
    [
      `Check that the key ${kid} no longer signs.`,
      'npm run keyseal -- signing-key list --url https://<your worker>',
    ],
    [
      `Remove its public key from [vars] ${RETIRED_KEYS_NAME} in wrangler.toml, or from ${RETIRED_FILE_KEYS_NAME} if it signed license files, and deploy.`,
      'npm run deploy',
    ],
  ])
}

/** What a person does one after the other. */
function steps(all: readonly (readonly [what: string, command: string])[]): CommandOutput {
  const text = all.map(([what, command], index) => `${index + 1}. ${what}\n   ${command}`).join('\n')
  return textOutput({ commands: all.map(([, command]) => command) }, text)
}
