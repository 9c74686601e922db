/** `keyseal api-keys`: what shops and software call with. Printed once, stored only as a hash. */
import { type Command, Option } from 'commander'
import { hashApiKey } from '../../src/callers/api-keys.ts'
import { CAPABILITIES } from '../../src/callers/caller.ts'
import { type Place, type Row, runSql, sqlJson, sqlText } from '../database.ts'
import { addCommand, addGroup, idWord, instant, tableOutput, textOutput } from './command.ts'
import { name, networkOf } from './options.ts'

interface NewApiKey {
  readonly name: string
  readonly capability?: readonly string[]
  readonly allowIp?: readonly string[]
}

const capability = new Option(
  '--capability <name>',
  `what it may do: ${CAPABILITIES.join(', ')}; repeatable; default: all`,
)
const allowIp = new Option(
  '--allow-ip <network>',
  'an address or network that may use it, such as 203.0.113.0/24; repeatable; default: any',
)

export function addApiKeys(program: Command): void {
  const group = addGroup(program, 'api-keys', 'keys with which shops and software call the API')

  addCommand<NewApiKey>(
    group,
    {
      usage: 'create',
      summary: 'create an API key, which is shown only once',
      options: [
        name('who uses it, 1 to 255 characters'),
        capability.argParser((text, known: string[] | undefined) => [...(known ?? []), text]),
        allowIp.argParser((text, known: string[] | undefined) => [...(known ?? []), networkOf(text)]),
      ],
    },
    async ({
      options: { name: owner, capability: capabilities = [...CAPABILITIES], allowIp: networks },
      place,
    }) => {
      for (const word of capabilities) {
        if (CAPABILITIES.some((known) => known === word)) continue
        throw new Error(`Unknown capability ${word}. The capabilities are ${CAPABILITIES.join(', ')}.`)
      }
      const apiKey = `ks_${Buffer.from(crypto.getRandomValues(new Uint8Array(32))).toString('base64url')}`
      const [added] = await runSql(
        place,
        `insert into api_keys (name, key_hash, key_start, status, capabilities, allowed_ips, created_at)
         values (${sqlText(owner.trim())}, ${sqlText(await hashApiKey(apiKey))}, ${sqlText(apiKey.slice(0, 8))},
           'active', ${sqlJson(capabilities)}, ${networks ? sqlJson(networks) : 'null'}, ${Date.now()}) returning id`,
      )
      return textOutput(
        { id: added?.id, name: owner, capabilities, allowedNetworks: networks ?? null, apiKey },
        `API key for ${owner}, shown only once:\n${apiKey}`,
      )
    },
  )

  addCommand(
    group,
    { usage: 'list', summary: 'list all API keys by their first characters' },
    async ({ place }) =>
      tableOutput(
        await apiKeys(place),
        'No API keys yet: npm run keyseal -- api-keys create --name "My shop"',
      ),
  )

  addCommand(
    group,
    {
      usage: 'revoke <id>',
      summary: 'revoke an API key permanently',
      isDangerous: true,
    },
    async ({ words, place, confirm }) => {
      const id = idWord(words[0])
      await confirm(async () => {
        const [found] = await runSql(place, `select name from api_keys where id = ${id}`)
        if (!found) throw unknownApiKey(id)
        return `API key ${id} (${found.name}) stops working now. This cannot be undone.`
      })
      const [revoked] = await runSql(
        place,
        `update api_keys set status = 'inactive' where id = ${id} returning id, name, status`,
      )
      if (!revoked) throw unknownApiKey(id)
      return textOutput(revoked, `API key ${id} (${revoked.name}) is revoked.`)
    },
  )
}

async function apiKeys(place: Place): Promise<Row[]> {
  const rows = await runSql(
    place,
    `select id, name, key_start as keyStart, status, capabilities, allowed_ips as allowedNetworks,
       ${instant('created_at')} as createdAt from api_keys order by id`,
  )
  return rows.map((row) => ({
    ...row,
    capabilities: JSON.parse(String(row.capabilities)),
    allowedNetworks: JSON.parse(String(row.allowedNetworks)),
  }))
}

function unknownApiKey(id: number): Error {
  return new Error(`There is no API key ${id}. List all API keys: npm run keyseal -- api-keys list`)
}
