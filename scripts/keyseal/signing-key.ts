/** `keyseal signing-key`: the keys that sign answers, from their making to their end. */
import { Argument, type Command, InvalidArgumentError, Option } from 'commander'
import { SIGNING_KEY_ID } from '../../src/http/headers.ts'
import { FILE_KEYS, isFileKeySetting } from '../../src/signing/file-keys.ts'
import { GLOBAL_KEY_NAME } from '../../src/signing/signing-keys.ts'
import { hasDevVars } from '../dev-vars.ts'
import { newSigningKey, SIGNING_ALGORITHMS, type SigningAlgorithm } from '../secrets.ts'
import { addCommand, addGroup, type CommandOutput, tableOutput, textOutput } from './command.ts'
import {
  forgetUnusable,
  localKeys,
  NO_DEV_VARS,
  nameOf,
  retireLocally,
  rotateLocally,
  writeFreshKey,
} from './local-signing-keys.ts'
import { productId } from './options.ts'
import { ask, FILE_KEYS_PATH, originOf, type PublishedKey, publishedKeys } from './service.ts'
import { retirementCommands, rotationCommands } from './signing-key-production.ts'
import { howClientsGet, isKeySetting, type RotatedOptions, rotatedKey } from './signing-key-settings.ts'

interface CreateOptions {
  readonly algorithm?: SigningAlgorithm
  /** true: the global one. */
  readonly write?: string | true
}

interface RotateOptions extends RotatedOptions {
  readonly algorithm?: SigningAlgorithm
}

const REMOTE = 'print the commands for production instead of changing .dev.vars'

/** Without a default, so that one that was given can be told from none. */
const algorithm = () =>
  new Option(
    '--algorithm <name>',
    'default: RSA, and EdDSA for SIGNING_PRIVATE_KEY_FILES; EdDSA for responses only if you wrote all software that verifies them',
  ).choices(SIGNING_ALGORITHMS)

const write = () =>
  new Option(
    '--write [setting]',
    `write it to .dev.vars unless the setting has a usable key; default: ${GLOBAL_KEY_NAME}`,
  ).argParser((setting) => {
    if (isKeySetting(setting)) return setting
    throw new InvalidArgumentError(
      `It must be ${GLOBAL_KEY_NAME}, optionally followed by _PRODUCT_<id>, _FILES or _FILES_RSA, and by _NEXT.`,
    )
  })

const files = () =>
  new Option('--files', `the key of license files, ${FILE_KEYS.ed25519.setting}`).conflicts('productId')

const filesRsa = () =>
  new Option('--files-rsa', `the RSA key of license files, ${FILE_KEYS['rsa-sha256'].setting}`).conflicts([
    'productId',
    'files',
  ])

const kidWord = () =>
  new Argument('<kid>', 'the id of the key, or "unusable" for all unreadable retired keys in .dev.vars')

export function addSigningKey(program: Command): void {
  const group = addGroup(program, 'signing-key', 'the keys that sign responses and license files')
  addCommand<CreateOptions>(
    group,
    {
      usage: 'create',
      summary: 'print a new private key; pipe it to npx wrangler secret put SIGNING_PRIVATE_KEY',
      options: [algorithm(), write()],
      isLocalOnly: true,
    },
    ({ options }) => (options.write === undefined ? create(options) : createIn(options.write, options)),
  )
  addCommand<{ url?: string }>(
    group,
    {
      usage: 'list',
      summary: 'list the keys of .dev.vars, or those that a service publishes',
      options: [new Option('--url <url>', 'the service, such as https://keyseal.example.workers.dev')],
      isLocalOnly: true,
    },
    ({ options: { url }, isJson }) => (url === undefined ? list(isJson) : keysAt(originOf(url))),
  )
  addCommand<RotateOptions>(
    group,
    {
      usage: 'rotate',
      summary: 'publish the next key; run again to let it sign',
      options: [
        productId('the key of this product; default: the global key'),
        files(),
        filesRsa(),
        algorithm(),
      ],
      remote: REMOTE,
    },
    ({ options, place }) =>
      place === 'remote' ? rotationCommands(rotatedKey(options).setting, options.algorithm) : rotate(options),
  )
  addCommand(
    group,
    {
      usage: 'retire',
      summary: 'stop publishing a retired key',
      words: [kidWord()],
      isDangerous: true,
      remote: REMOTE,
    },
    async ({ words: [kid = ''], place, confirm }) => {
      if (place === 'remote') return retirementCommands(kid)
      if (kid === 'unusable') return forget()
      await confirm('Clients that look up keys will no longer be able to verify what this key signed.')
      await retireLocally(kid)
      return textOutput({ kid, role: 'gone' }, `Key ${kid} is no longer in .dev.vars. ${RESTART}`)
    },
  )
}

const RESTART = 'Restart the service now (Ctrl-C, npm start), so that it reads .dev.vars again.'

async function create(options: CreateOptions): Promise<CommandOutput> {
  const privateKey = newSigningKey(options.algorithm)
  const value = { ...(await nameOf(privateKey)), privateKey }
  return { value, print: () => process.stdout.write(privateKey) }
}

async function createIn(named: string | true, options: CreateOptions): Promise<CommandOutput> {
  const setting = named === true ? GLOBAL_KEY_NAME : named
  const { copy, ...key } = await writeFreshKey(setting, options.algorithm)
  const before = copy === undefined ? '' : ` The old value is still in ${copy}.`
  const text = `A new ${key.algorithm} key, ${key.kid}, is ${setting} in .dev.vars.${before} ${RESTART}`
  return textOutput({ ...key, setting, copy: copy ?? null }, text)
}

async function forget(): Promise<CommandOutput> {
  const copy = await forgetUnusable()
  return textOutput({ role: 'gone', copy }, `The unreadable keys are now only in ${copy}. ${RESTART}`)
}

async function list(isJson: boolean): Promise<CommandOutput> {
  const whenEmpty = hasDevVars()
    ? 'No keys in .dev.vars. Create one: npm run keyseal -- signing-key create --write'
    : NO_DEV_VARS
  const keys = await localKeys()
  if (isJson && keys.length === 0) console.error(whenEmpty)
  return tableOutput(
    keys.map((key) => ({ ...key })),
    whenEmpty,
  )
}

async function keysAt(origin: string): Promise<CommandOutput> {
  const signing = (await ask(origin, '/health')).headers.get(SIGNING_KEY_ID)
  const ofResponses = (await publishedKeys(origin)).map((key) =>
    publishedRow(key, key.kid === signing ? 'current' : 'published: next, retired or of a product'),
  )
  const ofFiles = (await publishedKeys(origin, FILE_KEYS_PATH)).map((key) =>
    publishedRow(key, 'of license files: current, next or retired'),
  )
  return tableOutput([...ofResponses, ...ofFiles], 'No keys.')
}

function publishedRow({ kid, kty }: PublishedKey, role: string) {
  return { kid, algorithm: kty === 'OKP' ? 'EdDSA' : 'RSA', role }
}

async function rotate({ algorithm: kind, ...options }: RotateOptions): Promise<CommandOutput> {
  const { setting, option } = rotatedKey(options)
  const done = await rotateLocally(setting, kind)
  const untilUnused = isFileKeySetting(setting)
    ? 'the last license file that the old key signed has ended'
    : 'no client verifies older responses with the old key'
  const text =
    done.step === 'published'
      ? [
          `The next key is ${done.kid} (${done.algorithm}). It signs nothing yet.`,
          `1. ${RESTART} The service then publishes the key.`,
          `2. Wait until all clients have it: ${howClientsGet(setting)}.`,
          `3. Let it sign: npm run keyseal -- signing-key rotate${option}`,
        ]
      : [
          `The key ${done.kid} (${done.algorithm}) replaces ${done.retired}, which stays published as a retired key.`,
          `1. ${RESTART} The service then signs with the new key.`,
          `2. Wait until ${untilUnused}. It can stay published as long as you like.`,
          `3. Stop publishing the old key: npm run keyseal -- signing-key retire ${done.retired}`,
        ]
  return textOutput({ setting, ...done }, text.join('\n'))
}
