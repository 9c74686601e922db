/** `keyseal issue`: issues license keys to an owner, as an API caller's order does. */
import { randomUUID } from 'node:crypto'
import { type Command, Option } from 'commander'
import { ORIGINS, type Origin } from '../../src/db/schema/index.ts'
import type { TextRow } from '../../src/db/texts.ts'
import { parseKeysAsIssued } from '../../src/issuing/as-issued.ts'
import { isEmailAddress, isOwnerName, NOT_SET } from '../../src/protocol/owner.ts'
import { type Place, runStatements } from '../database.ts'
import { messageOf } from '../message-of.ts'
import { addCommand, numberOption, required, textOption, textOutput } from './command.ts'
import { type CliOrder, type IssueRow, issueStatements } from './issuing-sql.ts'
import { activationLimit, productId, validityDays } from './options.ts'

interface IssueOptions {
  readonly productId: number
  readonly quantity: number
  readonly ownerName: string
  readonly ownerEmail: string
  readonly from: Origin
  readonly validityDays?: number
  readonly activationLimit?: number
  readonly idempotencyKey?: string
}

const OWN_TERMS = 'the value of the generator or key in stock; required for fresh keys'

export function addIssue(program: Command): void {
  addCommand<IssueOptions>(
    program,
    {
      usage: 'issue',
      summary: 'issue license keys to an owner, once for each idempotency key',
      options: [
        required(productId('the product')),
        required(numberOption('--quantity <n>', 'the number of keys, 1 to 10000', 1, 10_000)),
        required(
          textOption(
            '--owner-name <text>',
            'the owner, 1 to 255 characters',
            (text) => isOwnerName(text.trim()),
            '1 to 255 characters without control characters',
          ),
        ),
        required(
          textOption(
            '--owner-email <address>',
            `an e-mail address, or "${NOT_SET}"`,
            (text) => text === NOT_SET || isEmailAddress(text),
            'an e-mail address',
          ),
        ),
        new Option(
          '--from <source>',
          "where the keys come from: fresh random UUIDs, the product's active generator, or its stock",
        )
          .choices(ORIGINS)
          .default('fresh'),
        validityDays(OWN_TERMS),
        activationLimit(OWN_TERMS),
        textOption(
          '--idempotency-key <text>',
          '1 to 255 visible ASCII characters; repeating it issues nothing again; default: a new one',
          (text) => /^[\x21-\x7e]{1,255}$/.test(text),
          '1 to 255 visible ASCII characters',
        ),
      ],
    },
    async ({ options, place }) => {
      const idempotencyKey = options.idempotencyKey ?? randomUUID()
      const { licenseKeys, isReplay } = await issueOnce(place, orderOf(options), idempotencyKey)
      if (isReplay) console.error('Issued before with this idempotency key:')
      return textOutput({ idempotencyKey, isReplay, licenseKeys }, licenseKeys.join('\n'))
    },
  )
}

function orderOf(options: IssueOptions): CliOrder {
  const { from, validityDays: days = null, activationLimit: limit = null } = options
  if (from === 'fresh' && (days === null || limit === null)) {
    throw new Error('Fresh keys need --validity-days and --activation-limit.')
  }
  return {
    origin: from,
    productId: options.productId,
    quantity: options.quantity,
    ownerName: options.ownerName.trim(),
    ownerEmail: options.ownerEmail,
    validityDays: days,
    activationLimit: limit,
  }
}

async function issueOnce(place: Place, order: CliOrder, idempotencyKey: string) {
  const nonce = randomUUID()
  const statements = issueStatements(order, { idempotencyKey, nonce, now: Date.now() })
  const rows = await runStatements(place, statements).catch((cause: unknown) => {
    const advice = `It is unknown whether keys were issued. To issue them exactly once, repeat the command with --idempotency-key ${idempotencyKey}`
    throw new Error(`${messageOf(cause)}\n${advice}`)
  })
  const row = rows.at(-1)?.[0] as unknown as IssueRow
  const furtherKeys = rows.slice(0, -1).flat() as unknown as TextRow[]
  if (row.nonce === null) throw new Error(notIssued(order, row))
  if (row.keys === null) {
    throw new Error(
      'This idempotency key was used for another order. Use another one, or repeat the same order.',
    )
  }
  return {
    licenseKeys: parseKeysAsIssued(row.keys, furtherKeys).map(([, licenseKey]) => licenseKey),
    isReplay: row.nonce !== nonce,
  }
}

function notIssued({ productId: product, quantity }: CliOrder, { obstacle, availableQuantity }: IssueRow) {
  switch (obstacle) {
    case 'generator-not-found':
      return `Product ${product} has no active generator, so nothing was issued. Add one: npm run keyseal -- generators add --help`
    case 'stock-insufficient':
      return `Product ${product} has ${availableQuantity} keys in stock, but ${quantity} were ordered, so none was issued. Add keys: npm run keyseal -- stock import --help`
    default:
      return `There is no active product ${product}, so nothing was issued. List all products: npm run keyseal -- products list`
  }
}
