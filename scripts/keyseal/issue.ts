/** `keyseal issue`: issues license keys to an owner, as an API caller's order does. */
import { randomUUID } from 'node:crypto'
import type { Command } from 'commander'
import { keysAsIssued } from '../../src/licensing/as-issued.ts'
import type { IssueOrder } from '../../src/licensing/issue.ts'
import { isEmailAddress, isOwnerName, NOT_SET } from '../../src/licensing/owner.ts'
import { type Place, runStatements } from '../database.ts'
import { addCommand, numberOption, required, said, textOption } from './command.ts'
import { type IssueRow, issueStatements } from './issuing-sql.ts'
import { activationLimit, productId, validityDays } from './options.ts'

interface IssueOptions extends IssueOrder {
  readonly idempotencyKey?: string
}

export function addIssue(program: Command): void {
  addCommand<IssueOptions>(
    program,
    {
      usage: 'issue',
      summary: 'issue license keys to an owner, once for each idempotency key',
      options: [
        required(productId('the product')),
        required(numberOption('--quantity <n>', 'how many keys, 1 to 10000', 1, 10_000)),
        required(
          textOption(
            '--owner-name <text>',
            'who they are for, 1 to 255 characters',
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
        validityDays(),
        activationLimit(),
        textOption(
          '--idempotency-key <text>',
          'the same again issues nothing more; a new one unless given',
          (text) => /^[\x21-\x7e]{1,255}$/.test(text),
          '1 to 255 visible ASCII characters',
        ),
      ],
    },
    async ({ options, place }) => {
      const idempotencyKey = options.idempotencyKey ?? randomUUID()
      const order = { ...options, ownerName: options.ownerName.trim() }
      const { licenseKeys, isReplay } = await issueOnce(place, order, idempotencyKey)
      if (isReplay) console.error('Issued before by this idempotency key:')
      return said({ idempotencyKey, isReplay, licenseKeys }, licenseKeys.join('\n'))
    },
  )
}

async function issueOnce(place: Place, order: IssueOrder, idempotencyKey: string) {
  const nonce = randomUUID()
  const freshKeys = Array.from({ length: order.quantity }, () => randomUUID())
  const statements = issueStatements(order, { idempotencyKey, nonce, now: Date.now(), freshKeys })
  const rows = await runStatements(place, statements).catch((cause: unknown) => {
    const advice = `Whether anything was issued is unknown; to have it once, repeat it with --idempotency-key ${idempotencyKey}`
    throw new Error(`${cause instanceof Error ? cause.message : cause}\n${advice}`)
  })
  const row = rows.at(-1)?.[0] as unknown as IssueRow
  if (row.nonce === null) {
    throw new Error(
      `There is no active product ${order.productId}, so nothing was issued: npm run keyseal -- products list`,
    )
  }
  if (row.keys === null) {
    throw new Error('This idempotency key was used for another order: take another one, or the same order.')
  }
  return {
    licenseKeys: keysAsIssued(row.keys).map(([, licenseKey]) => licenseKey),
    isReplay: row.nonce !== nonce,
  }
}
