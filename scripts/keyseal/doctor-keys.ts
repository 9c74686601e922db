/** Whether the signing keys are there and usable; of those in production nobody but the Worker can read a private one. */
import { FILE_KEYS, RETIRED_FILE_KEYS_NAME } from '../../src/signing/file-keys.ts'
import { GLOBAL_KEY_NAME, RETIRED_KEYS_NAME } from '../../src/signing/signing-keys.ts'
import type { Configuration } from '../configuration.ts'
import { hasDevVars, readDevVars } from '../dev-vars.ts'
import { runWrangler } from '../wrangler.ts'
import { type Finding, good, notChecked, warn, wrong } from './doctor-finding.ts'
import { faultsBySetting, judgedKeys } from './judged-keys.ts'
import { createCommandFor, isRetiredSetting } from './signing-key-settings.ts'

const CHECK = 'secrets'

/** Those of `.dev.vars` and, among the variables of `wrangler.toml`, the retired ones. */
export async function checkLocalKeys({ vars }: Configuration): Promise<Finding[]> {
  if (!hasDevVars()) return [wrong(CHECK, 'there is no .dev.vars', 'npm start (creates it)')]
  const own = readDevVars()
  // As wrangler puts them together.
  const keys = await judgedKeys({ ...vars, ...own })
  const faults = faultsBySetting(keys)
  const found = [...faults].map(([setting, fault]) =>
    setting in own || !isRetiredSetting(setting)
      ? wrong(CHECK, `.dev.vars: ${fault}`, localRemedy(setting))
      : wrong(CHECK, `wrangler.toml: ${fault}`, `${takeOut(setting)}, then restart the service: npm start`),
  )
  const missing = own[FILE_KEY] ? [] : [warn(CHECK, `.dev.vars: ${NO_FILE_KEY}`, localRemedy(FILE_KEY))]
  if (faults.size > 0) return [...found, ...missing]
  return [good(CHECK, `all signing keys are usable: ${keys.length}`), ...missing]
}

const FILE_KEY = FILE_KEYS.ed25519.setting
const NO_FILE_KEY = `${FILE_KEY} is not set, so software cannot check out license files`

const takeOut = (setting: string) => `remove it from [vars] ${setting} in wrangler.toml`

function localRemedy(setting: string): string {
  if (isRetiredSetting(setting)) return 'npm run keyseal -- signing-key retire unusable'
  return `npm run keyseal -- signing-key create --write${setting === GLOBAL_KEY_NAME ? '' : ` ${setting}`}`
}

/** What production has: the names of its secrets, and what is no secret. */
export async function checkRemoteKeys({ vars }: Configuration): Promise<Finding[]> {
  const settings = [RETIRED_KEYS_NAME, RETIRED_FILE_KEYS_NAME]
  const retired = faultsBySetting(
    await judgedKeys(Object.fromEntries(settings.map((setting) => [setting, vars?.[setting]]))),
  )
  const faults = [...retired].filter(([setting]) => isRetiredSetting(setting))
  return [
    ...(await checkSecretNames()),
    ...faults.map(([setting, fault]) =>
      wrong(CHECK, `wrangler.toml: ${fault}`, `${takeOut(setting)}, then npm run deploy`),
    ),
  ]
}

async function checkSecretNames(): Promise<Finding[]> {
  let names: string[]
  try {
    names = (JSON.parse(await runWrangler('secret', 'list')) as { name: string }[]).map(({ name }) => name)
  } catch {
    const queues = [
      'keyseal-deliveries',
      'keyseal-deliveries-dead',
      'keyseal-callbacks',
      'keyseal-callbacks-dead',
    ]
    const create = queues.map((queue) => `npx wrangler queues create ${queue}`).join('; ')
    const remedy = `npm run deploy (if a queue is missing, run this first: ${create})`
    return [wrong(CHECK, 'the secrets of the Worker cannot be listed; it may not be deployed yet', remedy)]
  }
  if (!names.includes(GLOBAL_KEY_NAME)) {
    return [wrong(CHECK, `${GLOBAL_KEY_NAME} is not set`, remoteRemedy(GLOBAL_KEY_NAME))]
  }
  const keys = names.filter((name) => name.startsWith(GLOBAL_KEY_NAME))
  const finding = `set: ${keys.join(', ')}; only the service can check their values, see below`
  const missing = names.includes(FILE_KEY) ? [] : [warn(CHECK, NO_FILE_KEY, remoteRemedy(FILE_KEY))]
  return [good(CHECK, finding), ...missing]
}

function remoteRemedy(setting: string): string {
  return `${createCommandFor(setting)} | npx wrangler secret put ${setting}`
}

/** @returns undefined where the account can be asked */
export async function faultOfAccount(): Promise<Finding | undefined> {
  try {
    await runWrangler('whoami', '--json')
  } catch (error) {
    // Anything else than this says itself at what is asked next.
    if (String(error).includes('"loggedIn":false')) {
      return wrong('account', 'wrangler is not signed in to Cloudflare', 'npx wrangler login')
    }
  }
  return undefined
}

/** @param because what is wrong with that which is needed for it */
export function keysNotChecked(because: string): Finding[] {
  return [notChecked(CHECK, because)]
}
