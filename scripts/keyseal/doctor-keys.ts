/** Whether the signing keys are there and usable; of those in production nobody but the Worker can read a private one. */
import { GLOBAL_KEY_NAME, NEW_KEY_COMMAND, RETIRED_KEYS_NAME } from '../../src/signing/signing-keys.ts'
import type { Configuration } from '../configuration.ts'
import { hasDevVars, readDevVars } from '../dev-vars.ts'
import { runWrangler } from '../wrangler.ts'
import { type Finding, good, notChecked, wrong } from './doctor-finding.ts'
import { faultsBySetting, judgedKeys } from './judged-keys.ts'
import { settingOf } from './local-signing-keys.ts'

const CHECK = 'secrets'

/** Those of `.dev.vars` and, among the variables of `wrangler.toml`, the retired ones. */
export async function checkLocalKeys({ vars }: Configuration): Promise<Finding[]> {
  if (!hasDevVars()) return [wrong(CHECK, 'there is no .dev.vars', 'npm start (creates it)')]
  const own = readDevVars()
  // As wrangler puts them together.
  const keys = await judgedKeys({ ...vars, ...own })
  const faults = faultsBySetting(keys)
  if (faults.size === 0) return [good(CHECK, `all signing keys are usable: ${keys.length}`)]
  return [...faults].map(([setting, fault]) =>
    setting in own || setting !== RETIRED_KEYS_NAME
      ? wrong(CHECK, `.dev.vars: ${fault}`, localRemedy(setting))
      : wrong(CHECK, `wrangler.toml: ${fault}`, `${TAKE_OUT}, then restart the service: npm start`),
  )
}

const TAKE_OUT = `remove it from [vars] ${RETIRED_KEYS_NAME} in wrangler.toml`

function localRemedy(setting: string): string {
  if (setting === RETIRED_KEYS_NAME) return 'npm run keyseal -- signing-key retire unusable'
  return `npm run keyseal -- signing-key create --write${setting === settingOf(undefined) ? '' : ` ${setting}`}`
}

/** What production has: the names of its secrets, and what is no secret. */
export async function checkRemoteKeys({ vars }: Configuration): Promise<Finding[]> {
  const retired = faultsBySetting(await judgedKeys({ [RETIRED_KEYS_NAME]: vars?.[RETIRED_KEYS_NAME] }))
  const fault = retired.get(RETIRED_KEYS_NAME)
  return [
    await checkSecretNames(),
    ...(fault === undefined
      ? []
      : [wrong(CHECK, `wrangler.toml: ${fault}`, `${TAKE_OUT}, then npm run deploy`)]),
  ]
}

async function checkSecretNames(): Promise<Finding> {
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
    return wrong(CHECK, 'the secrets of the Worker cannot be listed; it may not be deployed yet', remedy)
  }
  if (!names.includes(GLOBAL_KEY_NAME)) {
    const remedy = `${NEW_KEY_COMMAND} | npx wrangler secret put ${GLOBAL_KEY_NAME}`
    return wrong(CHECK, `${GLOBAL_KEY_NAME} is not set`, remedy)
  }
  const keys = names.filter((name) => name.startsWith(GLOBAL_KEY_NAME))
  const finding = `set: ${keys.join(', ')}; only the service can check their values, see below`
  return good(CHECK, finding)
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
