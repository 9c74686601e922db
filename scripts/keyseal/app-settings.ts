/** `keyseal app-settings`: what an app ships to check its licenses, as the client libraries take it. */
import { type Command, Option } from 'commander'
import { addCommand, required } from './command.ts'
import { productId } from './options.ts'
import { ask, FILE_KEYS_PATH, localOrigin, originOf, publishedKeys } from './service.ts'

interface AppOptions {
  readonly productId: number
  readonly algorithm: 'ed25519' | 'rsa-sha256'
  readonly url?: string
}

export function addAppSettings(program: Command): void {
  addCommand<AppOptions>(
    program,
    {
      usage: 'app-settings',
      summary: 'print what your app needs to check licenses: the address, the product and the public keys',
      options: [
        required(productId('the product of the app')),
        new Option('--algorithm <name>', 'how its license files are signed')
          .choices(['ed25519', 'rsa-sha256'])
          .default('ed25519'),
        new Option(
          '--url <url>',
          'the service, such as https://keyseal.example.workers.dev (default: the local one)',
        ),
      ],
      isLocalOnly: true,
    },
    async ({ options: { productId: product, algorithm, url } }) => {
      const server = url === undefined ? localOrigin() : originOf(url)
      const [fileKeys, answerKeys] = await Promise.all([
        fileKeysOf(server, algorithm),
        answerKeysOf(server, product),
      ])
      const value = { server, productId: product, algorithm, fileKeys, answerKeys }
      return { value, print: () => console.log(JSON.stringify(value, null, 2)) }
    },
  )
}

/** @throws Error if the service publishes none of this algorithm */
async function fileKeysOf(server: string, algorithm: AppOptions['algorithm']): Promise<unknown[]> {
  const keys = await publishedKeys(server, FILE_KEYS_PATH)
  const member = algorithm === 'ed25519' ? 'hex' : 'pem'
  const type = algorithm === 'ed25519' ? 'OKP' : 'RSA'
  const found = keys.filter(({ kty }) => kty === type).map((key) => key[member])
  if (found.length > 0) return found
  throw new Error(
    `${server} has no key for license files signed with ${algorithm}. See docs/signing-keys.md.`,
  )
}

/** The current and next keys of the product, and the global ones, which sign answers that name no product. */
async function answerKeysOf(server: string, product: number): Promise<string[]> {
  const queries = [`?product_id=${product}`, '', `?key=next&product_id=${product}`, '?key=next']
  const keys = await Promise.all(
    queries.map(async (query) => {
      const response = await ask(server, `/api/v1/public-key${query}`)
      return response.ok ? response.text() : undefined
    }),
  )
  const found = new Set(keys.filter((key) => key !== undefined).map((key) => key.trim()))
  if (found.size > 0) return [...found]
  throw new Error(`${server} publishes no key that signs its answers. Run npm run keyseal -- doctor.`)
}
