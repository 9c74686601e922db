/** `keyseal blocklist`: addresses and devices that are refused, whatever API key they have. */
import { type Command, Option } from 'commander'
import { isTextOfAtMost } from '../../src/protocol/owner.ts'
import { runSql, sqlText } from '../database.ts'
import { addCommand, addGroup, instant, tableOutput, textOption, textOutput } from './command.ts'
import { networkOf } from './options.ts'

interface Given {
  readonly network?: string
  readonly identifier?: string
}

const OPTIONS = () => [
  new Option(
    '--network <network>',
    'an address or network that requests come from (203.0.113.0/24, 2001:db8::/32)',
  ).argParser(networkOf),
  textOption(
    '--identifier <text>',
    'a device or domain, exactly as requests send it: 1 to 255 characters',
    (text) => isTextOfAtMost(text.trim(), 255),
    '1 to 255 characters without control characters',
  ),
]

export function addBlocklist(program: Command): void {
  const group = addGroup(program, 'blocklist', 'blocked addresses and devices')
  addCommand<Given>(
    group,
    { usage: 'add', summary: 'block a network or an identifier', options: OPTIONS() },
    async ({ options, place }) => {
      const { kind, value } = entryOf(options)
      const [added] = await runSql(
        place,
        `insert into blocklist (kind, value, created_at) values (${sqlText(kind)}, ${sqlText(value)}, ${Date.now()})
         on conflict do nothing returning id`,
      )
      return textOutput(
        { kind, value, isNew: added !== undefined },
        `The ${kind} ${value} is blocked${added ? '' : ' already'}.`,
      )
    },
  )
  addCommand(
    group,
    { usage: 'list', summary: 'list all blocked networks and identifiers' },
    async ({ place }) =>
      tableOutput(
        await runSql(
          place,
          `select kind, value, ${instant('created_at')} as blockedSince from blocklist order by kind desc, value`,
        ),
        'The blocklist is empty.',
      ),
  )
  addCommand<Given>(
    group,
    { usage: 'remove', summary: 'unblock a network or an identifier', options: OPTIONS() },
    async ({ options, place }) => {
      const { kind, value } = entryOf(options)
      const [removed] = await runSql(
        place,
        `delete from blocklist where kind = ${sqlText(kind)} and value = ${sqlText(value)} returning kind, value`,
      )
      if (!removed)
        throw new Error(
          `The ${kind} ${value} is not blocked. List the blocklist: npm run keyseal -- blocklist list`,
        )
      return textOutput(removed, `The ${kind} ${value} is no longer blocked.`)
    },
  )
}

function entryOf({ network, identifier }: Given): { kind: 'network' | 'identifier'; value: string } {
  if ((network === undefined) === (identifier === undefined)) {
    throw new Error('Give either --network or --identifier.')
  }
  // Requests are trimmed too.
  return network === undefined
    ? { kind: 'identifier', value: identifier?.trim() ?? '' }
    : { kind: 'network', value: network }
}
