/** `keyseal licenses`: single license keys: who has them, and what is done by hand about them. */
import { randomUUID } from 'node:crypto'
import { text } from 'node:stream/consumers'
import type { Command } from 'commander'
import { keysAsIssued } from '../../src/licensing/as-issued.ts'
import { isTextOfAtMost } from '../../src/licensing/owner.ts'
import { REISSUE, type ReissueRow } from '../../src/licensing/reissue.ts'
import { filledIn, type Place, runSql, runStatements } from '../database.ts'
import { addCommand, addGroup, listed, said, type Told } from './command.ts'
import { blockKey, selectFound, unblockKey } from './license-rows.ts'

export function addLicenses(program: Command): void {
  const group = addGroup(program, 'licenses', 'single license keys; - reads the word from standard input')
  addCommand(
    group,
    {
      usage: 'find <word>',
      summary: "list the keys of a license key, an owner's e-mail address or an order",
    },
    async ({ words, place }) =>
      listed(await runSql(place, selectFound(await wordOf(words))), 'No license key was found.'),
  )
  addCommand(group, { usage: 'block <key>', summary: 'block a license key' }, async ({ words, place }) => {
    const [blocked] = await runSql(place, blockKey(await wordOf(words), Date.now()))
    if (!blocked) throw unknownKey()
    return said(blocked, 'The license key is blocked.')
  })
  addCommand(
    group,
    { usage: 'unblock <key>', summary: 'give a blocked license key back' },
    async ({ words, place }) => {
      const [unblocked] = await runSql(place, unblockKey(await wordOf(words), Date.now()))
      if (!unblocked)
        throw new Error('There is no such license key that is blocked: licenses find tells of it.')
      return said(unblocked, `The license key is no longer blocked, but ${unblocked.status}.`)
    },
  )
  addCommand(
    group,
    {
      usage: 'reissue <key>',
      summary:
        'block a license key and issue another one in its place, with its terms, owner and order, once',
      isDangerous: true,
    },
    async ({ words, place, confirm }) => {
      const licenseKey = await wordOf(words)
      await confirm('The license key stops being valid, and its owner needs the new one.')
      return reissue(place, licenseKey)
    },
  )
}

async function reissue(place: Place, licenseKey: string): Promise<Told> {
  const nonce = randomUUID()
  const values = { licenseKey, nonce, now: Date.now(), material: JSON.stringify([randomUUID()]) }
  const rows = await runStatements(
    place,
    REISSUE.map((sql) => filledIn(sql, values)),
  )
  const row = rows.at(-1)?.[0] as ReissueRow | undefined
  if (!row) throw unknownKey()
  const { nonce: issuedNonce, keys, status, isReversed } = row
  if (issuedNonce === null || keys === null) throw new Error(notReissued(status, isReversed === 1))
  const [, newKey] = keysAsIssued(keys)[0] ?? []
  const isReplay = issuedNonce !== nonce
  if (isReplay) console.error('It was reissued before, as:')
  return said({ licenseKey: newKey, isReplay }, String(newKey))
}

function notReissued(status: string, isReversed: boolean): string {
  return isReversed
    ? 'The license key was refunded or is disputed, so it is not reissued: npm run keyseal -- events list'
    : `The license key is ${status} and was never assigned, so there is nothing to reissue.`
}

/** The one word of the command: a `-` keeps it out of the list of processes and of the shell's history. */
async function wordOf([word = '']: readonly string[]): Promise<string> {
  const given = (word === '-' ? await text(process.stdin) : word).trim()
  if (isTextOfAtMost(given, 255)) return given
  throw new Error('Give 1 to 255 characters without control characters.')
}

function unknownKey(): Error {
  return new Error(
    'There is no such license key: npm run keyseal -- licenses find tells of it by e-mail or order.',
  )
}
