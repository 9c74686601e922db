/** `keyseal signing-key`: the keys that sign answers, from their making to their end. */
import { type Command, Option } from 'commander'
import { newSigningKey, SIGNING_ALGORITHMS, type SigningAlgorithm } from '../secrets.ts'
import { addCommand, addGroup, listed, said, type Told } from './command.ts'
import { kidOf, localKeys, retireLocally, rotateLocally, settingOf } from './local-signing-keys.ts'
import { productId } from './options.ts'
import { ask, originOf, publishedKeys } from './service.ts'

interface RotateOptions {
  readonly productId?: number
  readonly algorithm: SigningAlgorithm
}

const algorithm = () =>
  new Option('--algorithm <name>', 'EdDSA only where you wrote all software that verifies yourself')
    .choices(SIGNING_ALGORITHMS)
    .default('RSA')

export function addSigningKey(program: Command): void {
  const group = addGroup(program, 'signing-key', 'the keys that sign answers')
  addCommand<{ algorithm: SigningAlgorithm }>(
    group,
    {
      usage: 'create',
      summary: 'print a fresh private key: ... | npx wrangler secret put SIGNING_PRIVATE_KEY',
      options: [algorithm()],
      isLocalOnly: true,
    },
    async ({ options }) => {
      const privateKey = newSigningKey(options.algorithm)
      const value = { kid: await kidOf(privateKey), algorithm: options.algorithm, privateKey }
      return { value, print: () => process.stdout.write(privateKey) }
    },
  )
  addCommand<{ url?: string }>(
    group,
    {
      usage: 'list',
      summary: 'list the keys of .dev.vars, or those that a service publishes',
      options: [new Option('--url <url>', 'the service, such as https://keyseal.example.workers.dev')],
      isLocalOnly: true,
    },
    async ({ options: { url } }) =>
      listed(url ? await keysAt(originOf(url)) : (await localKeys()).map((key) => ({ ...key })), 'No keys.'),
  )
  addCommand<RotateOptions>(
    group,
    {
      usage: 'rotate',
      summary:
        'publish the next key, and the next time let it sign; with --remote, print the commands for that',
      options: [productId('the key of this product; the global one unless given'), algorithm()],
    },
    ({ options, place }) => (place === 'remote' ? rotationCommands(options) : rotate(options)),
  )
  addCommand(
    group,
    {
      usage: 'retire <kid>',
      summary: 'publish a key no longer that signs no more; with --remote, print the commands for that',
      isDangerous: true,
    },
    async ({ words: [kid = ''], place, confirm }) => {
      if (place === 'remote') return retirementCommands(kid)
      await confirm('What this key signed can not be verified any more by those who look keys up.')
      await retireLocally(kid)
      return said({ kid, role: 'gone' }, `Key ${kid} is published no more. Start the service again.`)
    },
  )
}

async function keysAt(origin: string) {
  const keys = await publishedKeys(origin)
  const signing = (await ask(origin, '/health')).headers.get('X-Signing-Key-Id')
  return keys.map(({ kid, kty }) => ({
    kid,
    algorithm: kty === 'OKP' ? 'EdDSA' : 'RSA',
    role: kid === signing ? 'current' : 'published: next, retired or of a product',
  }))
}

function rotate({ productId: product, algorithm: kind }: RotateOptions): Told {
  const step = rotateLocally(product, kind)
  const text =
    step === 'published'
      ? 'The next key is published once the service is started again; run this once more to let it sign.'
      : 'The next key signs once the service is started again; the one before stays published until it is retired (signing-key list, signing-key retire).'
  return said({ setting: settingOf(product), step }, text)
}

function rotationCommands({ productId: product, algorithm: kind }: RotateOptions): Told {
  const setting = settingOf(product)
  const create = `npm run --silent keyseal -- signing-key create${kind === 'RSA' ? '' : ` --algorithm ${kind}`}`
  const address = `/api/v1/public-key${product === undefined ? '' : `?product_id=${product}`}`
  return steps([
    ['Make the next key, and keep the file until it signs.', `(umask 077; ${create} > next-signing-key.pem)`],
    ['Publish it.', `npx wrangler secret put ${setting}_NEXT < next-signing-key.pem`],
    [
      'Wait until everybody knows it: who reads /.well-known/jwks.json does after five minutes, software that ships keys after an update. Then fetch the old public key, and put it into [vars] SIGNING_PUBLIC_KEYS_RETIRED in wrangler.toml, beside those that are there.',
      `curl -s 'https://<your worker>${address}'`,
    ],
    ['Publish the old key as retired.', 'npx wrangler deploy'],
    ['Let the next key sign.', `npx wrangler secret put ${setting} < next-signing-key.pem`],
    ['Take it out of the other place.', `npx wrangler secret delete ${setting}_NEXT`],
    ['Keep no copy where others may read it.', 'rm next-signing-key.pem'],
  ])
}

function retirementCommands(kid: string): Told {
  return steps([
    [
      `See that the key ${kid} signs no more.`,
      'npm run keyseal -- signing-key list --url https://<your worker>',
    ],
    [
      'Take its public key out of [vars] SIGNING_PUBLIC_KEYS_RETIRED in wrangler.toml, and deploy.',
      'npx wrangler deploy',
    ],
  ])
}

/** What a person does one after the other. */
function steps(all: readonly (readonly [what: string, command: string])[]): Told {
  const text = all.map(([what, command], index) => `${index + 1}. ${what}\n   ${command}`).join('\n')
  return said({ commands: all.map(([, command]) => command) }, text)
}
