/** `keyseal licenses`: single license keys: who has them, and what is done by hand about them. */
import { randomUUID } from 'node:crypto'
import { text } from 'node:stream/consumers'
import type { Command } from 'commander'
import { parseKeysAsIssued } from '../../src/issuing/as-issued.ts'
import { type ReissueRow, reissueStatements } from '../../src/issuing/reissue.ts'
import { isTextOfAtMost } from '../../src/protocol/owner.ts'
import { inlineValues, type Place, runSql, runStatements } from '../database.ts'
import { addCommand, addGroup, type CommandOutput, tableOutput, textOutput } from './command.ts'
import { blockKey, type Standing, selectFound, selectStanding, unblockKey } from './license-rows.ts'
import { namesOf } from './options.ts'

export function addLicenses(program: Command): void {
  const group = addGroup(program, 'licenses', 'single license keys; - reads the word from standard input')
  addCommand(
    group,
    {
      usage: 'find <word>',
      summary: "find license keys by key, owner's e-mail address or order",
    },
    async ({ words, place }) =>
      tableOutput(
        (await runSql(place, selectFound(await wordOf(words)))).map((row) => ({
          ...row,
          features: namesOf(row.features),
        })),
        'No license key was found.',
      ),
  )
  addCommand(group, { usage: 'block <key>', summary: 'block a license key' }, async ({ words, place }) => {
    const [blocked] = await runSql(place, blockKey(await wordOf(words), Date.now()))
    if (!blocked) throw unknownKey()
    return textOutput(blocked, 'The license key is blocked.')
  })
  addCommand(
    group,
    {
      usage: 'unblock <key>',
      summary: 'unblock a license key, unless it was reissued, refunded or disputed',
    },
    async ({ words, place }) => unblock(place, await wordOf(words)),
  )
  addCommand(
    group,
    {
      usage: 'reissue <key>',
      summary: 'replace a license key: block it and issue a new one with the same terms, owner and order',
      isDangerous: true,
    },
    async ({ words, place, confirm }) => {
      const licenseKey = await wordOf(words)
      await confirm(async () => {
        const { status, productId } = await standingOf(place, licenseKey)
        return `The license key (${status}, of product ${productId}) becomes invalid. Its owner needs the new one.`
      })
      return reissue(place, licenseKey)
    },
  )
}

async function standingOf(place: Place, licenseKey: string): Promise<Standing> {
  const [standing] = await runSql(place, selectStanding(licenseKey))
  if (!standing) throw unknownKey()
  return standing as unknown as Standing
}

async function unblock(place: Place, licenseKey: string): Promise<CommandOutput> {
  const statements = [selectStanding(licenseKey), unblockKey(licenseKey, Date.now())]
  const [[before] = [], [unblocked] = []] = await runStatements(place, statements)
  if (!before) throw unknownKey()
  if (!unblocked) throw new Error(stillBlocked(before as unknown as Standing))
  return textOutput(unblocked, `The license key is ${unblocked.status} again.`)
}

/** The correction is told too, for the seller who knows better. */
function stillBlocked({ status, isReversed, reissuedAs }: Standing): string {
  if (status !== 'blocked') return `The license key is not blocked. Its status is ${status}.`
  const correction = 'To make it valid anyway, use update-license-key with status=assigned.'
  if (reissuedAs !== null) {
    const [, newKey] = parseKeysAsIssued(reissuedAs)[0] ?? []
    return `The license key was reissued, as ${newKey}, so it stays blocked. ${correction}`
  }
  if (isReversed === 0) return 'The license key changed meanwhile. Repeat the command.'
  return (
    'The license key was refunded or is disputed, so it stays blocked until the provider reports that the refund ' +
    `failed or the dispute was won. ${correction}`
  )
}

const { writes, select } = reissueStatements('license_keys.license_key = :licenseKey')

async function reissue(place: Place, licenseKey: string): Promise<CommandOutput> {
  const nonce = randomUUID()
  const values = { licenseKey, nonce, now: Date.now(), material: JSON.stringify([randomUUID()]) }
  const rows = await runStatements(
    place,
    [...writes, select].map((sql) => inlineValues(sql, values)),
  )
  const row = rows.at(-1)?.[0] as ReissueRow | undefined
  if (!row) throw unknownKey()
  const { nonce: issuedNonce, keys } = row
  if (issuedNonce === null || keys === null) throw new Error(notReissued(row))
  const [, newKey] = parseKeysAsIssued(keys)[0] ?? []
  const isReplay = issuedNonce !== nonce
  if (isReplay) console.error('It was reissued before as:')
  return textOutput({ licenseKey: newKey, isReplay }, String(newKey))
}

function notReissued({ status, isReversed, isAssigned }: ReissueRow): string {
  if (isReversed === 1) {
    return 'The license key was refunded or is disputed, so it cannot be reissued. See the events: npm run keyseal -- events list'
  }
  return isAssigned === 1 && ['assigned', 'blocked'].includes(status)
    ? 'The license key was reissued before for another owner. Block it and issue a new one: npm run keyseal -- issue --help'
    : `The license key is ${status} and has no owner, so there is nothing to reissue.`
}

/** The one word of the command: a `-` keeps it out of the list of processes and of the shell's history. */
async function wordOf([word = '']: readonly string[]): Promise<string> {
  const given = (word === '-' ? await text(process.stdin) : word).trim()
  if (isTextOfAtMost(given, 255)) return given
  throw new Error('Give 1 to 255 characters without control characters.')
}

function unknownKey(): Error {
  return new Error(
    'There is no such license key. Search by e-mail or order: npm run keyseal -- licenses find',
  )
}
