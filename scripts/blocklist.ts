/** `npm run blocklist`: addresses and devices that are refused, whatever API key they have. */
import { canonicalNetwork } from '../src/auth/ip-allowlist.ts'
import { isTextOfAtMost } from '../src/licensing/owner.ts'
import { oneOf, printTable, runCommand } from './command.ts'
import { runSql, sqlText } from './database.ts'

const USAGE = `Usage: npm run blocklist -- add --network NETWORK | --identifier TEXT [--remote]
       npm run blocklist -- list [--remote]
       npm run blocklist -- remove --network NETWORK | --identifier TEXT [--remote]

  --network     an address or network that requests come from (203.0.113.0/24, 203.0.113.9, 2001:db8::/32)
  --identifier  a device or domain that requests are about, 1 to 255 characters, to the letter
  --remote      in production; without it, in the local database`

const OPTIONS = { network: { type: 'string' }, identifier: { type: 'string' } } as const

interface Entry {
  readonly kind: 'network' | 'identifier'
  readonly value: string
}

await runCommand(
  USAGE,
  OPTIONS,
  async (values, place, [action]) => {
    switch (oneOf('The action', action, ['add', 'list', 'remove'])) {
      case 'list':
        return printTable(
          await runSql(
            place,
            `select kind, value, datetime(created_at / 1000, 'unixepoch') as "blocked since (UTC)"
             from blocklist order by kind desc, value`,
          ),
          'Nobody is blocked.',
        )
      case 'add': {
        const { kind, value } = entryOf(values)
        const [added] = await runSql(
          place,
          `insert into blocklist (kind, value, created_at) values (${sqlText(kind)}, ${sqlText(value)}, ${Date.now()})
           on conflict do nothing returning id`,
        )
        return console.log(`The ${kind} ${value} is blocked${added ? '' : ' already'}.`)
      }
      case 'remove': {
        const { kind, value } = entryOf(values)
        const [removed] = await runSql(
          place,
          `delete from blocklist where kind = ${sqlText(kind)} and value = ${sqlText(value)} returning id`,
        )
        if (!removed) throw new Error(`The ${kind} ${value} is not blocked.`)
        return console.log(`The ${kind} ${value} is no longer blocked.`)
      }
    }
  },
  1,
)

function entryOf({ network, identifier }: { network?: string; identifier?: string }): Entry {
  if (network !== undefined && identifier !== undefined)
    throw new Error('One of --network and --identifier, not both.')
  if (network !== undefined) {
    const value = canonicalNetwork(network)
    if (value === undefined) throw new Error(`Neither an address nor a network: ${network}`)
    return { kind: 'network', value }
  }
  // Requests are trimmed too.
  const value = identifier?.trim() ?? ''
  if (!isTextOfAtMost(value, 255)) {
    throw new Error('--network or --identifier is missing, or --identifier is not 1 to 255 characters.')
  }
  return { kind: 'identifier', value }
}
