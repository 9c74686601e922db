/** `npm run add-api-key`: an API key for a shop, printed once and stored only as its hash. */
import { CAPABILITIES, hashApiKey } from '../src/auth/api-keys.ts'
import { canonicalNetwork } from '../src/auth/ip-allowlist.ts'
import { runCommand } from './command.ts'
import { runSql, sqlText } from './database.ts'

const USAGE = `Usage: npm run add-api-key -- --name "My shop" [--capability NAME]... [--allow-ip NETWORK]... [--remote]

  --name        who uses the key, 1 to 255 characters
  --capability  what it may do, of: ${CAPABILITIES.join(', ')}; may be repeated; without it, all of them
  --allow-ip    an address or network it may be used from (203.0.113.0/24, 2001:db8::/32);
                may be repeated; without it, from anywhere
  --remote      in production; without it, in the local database`

const OPTIONS = {
  name: { type: 'string' },
  capability: { type: 'string', multiple: true },
  'allow-ip': { type: 'string', multiple: true },
} as const

await runCommand(USAGE, OPTIONS, async (values, place) => {
  const { name, capability: capabilities = [...CAPABILITIES], 'allow-ip': addresses } = values
  if (!name) throw new Error('--name is missing.')
  for (const capability of capabilities) {
    if (!CAPABILITIES.some((known) => known === capability))
      throw new Error(`No such capability: ${capability}`)
  }
  const apiKey = `ks_${Buffer.from(crypto.getRandomValues(new Uint8Array(32))).toString('base64url')}`
  const networks = addresses?.map(networkOf)
  await runSql(
    place,
    `insert into api_keys (name, key_hash, key_start, status, capabilities, allowed_ips, created_at)
     values (${sqlText(name)}, ${sqlText(await hashApiKey(apiKey))}, ${sqlText(apiKey.slice(0, 8))}, 'active',
       ${sqlText(JSON.stringify(capabilities))}, ${networks ? sqlText(JSON.stringify(networks)) : 'null'}, ${Date.now()})`,
  )
  console.log(`API key for ${name}, shown only now:\n${apiKey}`)
})

function networkOf(text: string): string {
  const network = canonicalNetwork(text)
  if (network === undefined) throw new Error(`Neither an address nor a network: ${text}`)
  return network
}
