/** `keyseal generators`: how the license keys of a product look, and on which terms they come. */
import { type Command, Option } from 'commander'
import { generatorOf } from '../../src/issuing/inserts.ts'
import {
  DRAWN_CHARACTERS_MAX,
  faultInFormat,
  KEY_SPACE_BITS_MIN,
  type KeyFormat,
  keySpaceBits,
} from '../../src/issuing/key-formats.ts'
import { type Place, runSql, runStatements, sqlText } from '../database.ts'
import { addCommand, addGroup, idWord, listed, numberOption, required, said } from './command.ts'
import { activationLimit, productId, validityDays } from './options.ts'

/** Without characters that are taken for one another: I and 1, O and 0. */
const CHARSET_DEFAULT = '23456789ABCDEFGHJKLMNPQRSTUVWXYZ'
const CHUNKS_DEFAULT = 4
const CHUNK_LENGTH_DEFAULT = 4

interface NewGenerator {
  readonly productId: number
  readonly method: KeyFormat['method']
  readonly validityDays: number
  readonly activationLimit: number
  readonly prefix: string
  readonly suffix: string
  readonly charset?: string
  readonly chunks?: number
  readonly chunkLength?: number
}

/** What only chunk-system has, by its option. */
const OF_CHUNKS = { '--charset': 'charset', '--chunks': 'chunks', '--chunk-length': 'chunkLength' } as const

const RULE = `chunks times chunk length at most ${DRAWN_CHARACTERS_MAX}, and at least ${KEY_SPACE_BITS_MIN} random bits`

export function addGenerators(program: Command): void {
  const group = addGroup(program, 'generators', 'how the license keys of a product look')
  addCommand<NewGenerator>(
    group,
    {
      usage: 'add',
      summary: 'add a generator: of several of a product the latest counts',
      options: [
        required(productId('the product whose keys it makes')),
        required(
          new Option(
            '--method <method>',
            `uuid: random UUIDs; chunk-system: chunks of random characters, joined by "-": ${RULE}`,
          ).choices(['uuid', 'chunk-system']),
        ),
        validityDays(),
        activationLimit(),
        new Option('--prefix <text>', 'before each key: at most 32 visible ASCII characters').default(''),
        new Option('--suffix <text>', 'after each key: at most 32 visible ASCII characters').default(''),
        new Option(
          '--charset <text>',
          `of chunk-system: 2 to 64 different visible ASCII characters; ${CHARSET_DEFAULT} unless given`,
        ),
        ofChunks('--chunks <n>', 'how many chunks', CHUNKS_DEFAULT),
        ofChunks('--chunk-length <n>', 'how many characters each chunk has', CHUNK_LENGTH_DEFAULT),
      ],
    },
    ({ options, place }) => add(place, options),
  )
  addCommand(group, { usage: 'list', summary: 'list all generators' }, async ({ place }) =>
    listed(
      await runSql(
        place,
        `select id, product_id as product, method, prefix, suffix, iif(method = 'uuid', null, charset) as charset,
           iif(method = 'uuid', null, number_of_chunks) as chunks,
           iif(method = 'uuid', null, chunk_length) as chunkLength,
           validity_days as validityDays, activation_limit as activationLimit,
           iif(status = 1, 'active', 'inactive') as status from generators order by id`,
      ),
      'No generators yet: npm run keyseal -- generators add --help',
    ),
  )
  addSwitches(group)
}

function ofChunks(flags: string, description: string, otherwise: number): Option {
  const most = DRAWN_CHARACTERS_MAX
  const whole = `of chunk-system: ${description}, 1 to ${most}; ${otherwise} unless given`
  return numberOption(flags, whole, 1, most)
}

function addSwitches(group: Command): void {
  addCommand(
    group,
    { usage: 'disable <id>', summary: 'let a generator make no more keys', isDangerous: true },
    async ({ words, place, confirm }) => {
      const id = idWord(words[0])
      await confirm(async () => {
        const [found] = await runSql(place, selectWithProduct(id))
        if (!found) throw unknownGenerator(id)
        return `Generator ${id}, of product ${found.product} (${found.name}), makes no keys from now on.`
      })
      const generator = await setStatus(place, id, 'inactive')
      return said(
        generator,
        `Generator ${id} makes no keys any more; what it made stays. ${whoMakesKeys(generator)}`,
      )
    },
  )
  addCommand(
    group,
    {
      usage: 'enable <id>',
      summary: 'let a disabled generator make keys again: the latest active one counts',
    },
    async ({ words, place }) => {
      const id = idWord(words[0])
      const generator = await setStatus(place, id, 'active')
      const already = generator.isChanged ? '' : ' already'
      return said(generator, `Generator ${id} is enabled${already}. ${whoMakesKeys(generator)}`)
    },
  )
}

interface Switched {
  readonly id: number
  readonly product: number
  readonly status: 'active' | 'inactive'
  readonly isChanged: boolean
  /** The generator that makes the product's keys now; null: it has no active one. */
  readonly latestActive: number | null
}

/** @throws Error where there is no such generator */
async function setStatus(place: Place, id: number, status: Switched['status']): Promise<Switched> {
  const flag = Number(status === 'active')
  const [[before] = [], , [after] = []] = await runStatements(place, [
    `select status from generators where id = ${id}`,
    `update generators set status = ${flag}, updated_at = ${Date.now()} where id = ${id} and status <> ${flag}`,
    `select product_id as product, ${generatorOf('switched.product_id')} as latestActive
     from generators as switched where id = ${id}`,
  ])
  if (!before || !after) throw unknownGenerator(id)
  const latestActive = after.latestActive === null ? null : Number(after.latestActive)
  return { id, product: Number(after.product), status, isChanged: before.status !== flag, latestActive }
}

function selectWithProduct(id: number): string {
  return `select product_id as product, name from generators join products on products.id = product_id
    where generators.id = ${id}`
}

function unknownGenerator(id: number): Error {
  return new Error(`There is no generator ${id}: npm run keyseal -- generators list`)
}

function whoMakesKeys({ product, latestActive }: Switched): string {
  if (latestActive === null) return `Product ${product} has no active generator now.`
  return `The keys of product ${product} come from generator ${latestActive}, its latest active one.`
}

async function add(place: Place, given: NewGenerator) {
  const format = formatOf(given)
  const { method, prefix, suffix, charset, numberOfChunks, chunkLength } = format
  const now = Date.now()
  const [added] = await runSql(
    place,
    `insert into generators (product_id, method, prefix, suffix, charset, number_of_chunks, chunk_length,
       validity_days, activation_limit, status, created_at, updated_at)
     select id, ${sqlText(method)}, ${sqlText(prefix)}, ${sqlText(suffix)}, ${sqlText(charset)}, ${numberOfChunks},
       ${chunkLength}, ${given.validityDays}, ${given.activationLimit}, 1, ${now}, ${now}
     from products where id = ${given.productId} and deleted_at is null returning id, product_id as product`,
  )
  if (!added) {
    throw new Error(`There is no product ${given.productId}: add it with npm run keyseal -- products add`)
  }
  const randomBits = keySpaceBits(format).toFixed(1)
  return said(
    { ...added, randomBits: Number(randomBits) },
    `Generator ${added.id} makes the keys of product ${given.productId} from now on: ${randomBits} bits of each are random.`,
  )
}

/** @throws Error that says what is wrong with it */
function formatOf(given: NewGenerator): KeyFormat {
  const { method, prefix, suffix } = given
  const [unused] = Object.entries(OF_CHUNKS).filter(([, name]) => given[name] !== undefined)
  if (method !== 'chunk-system' && unused) {
    throw new Error(`${unused[0]} is of --method chunk-system: leave it out, or take that method.`)
  }
  const { charset = CHARSET_DEFAULT, chunks = CHUNKS_DEFAULT, chunkLength = CHUNK_LENGTH_DEFAULT } = given
  const format: KeyFormat = { method, prefix, suffix, charset, numberOfChunks: chunks, chunkLength }
  const fault = faultInFormat(format)
  if (fault !== undefined) throw new Error(fault)
  return format
}
