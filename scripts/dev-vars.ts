/** `.dev.vars`: the secrets and settings of local development. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { parseEnv } from 'node:util'
import { PROVIDER_NAMES } from '../src/payments/provider.ts'
import { webhookSecretName } from '../src/payments/settings.ts'
import { newSigningKey, newWebhookSecret } from './secrets.ts'
import { projectFolder } from './wrangler.ts'

const file = path.join(projectFolder, '.dev.vars')

/** Makes the file where there is none: one that exists is the user's. */
export function makeDevVars(): void {
  if (existsSync(file)) return
  const settings = {
    SIGNING_PRIVATE_KEY: newSigningKey(),
    ...Object.fromEntries(PROVIDER_NAMES.map((name) => [webhookSecretName(name), newWebhookSecret()])),
    DELIVERY_WEBHOOK_SECRET: newWebhookSecret(),
    EMAIL_FROM: 'keys@example.com',
    LOCAL_DEVELOPMENT: 'true',
  }
  const lines = Object.entries(settings).map(([name, value]) => `${lineOf(name, value)}\n`)
  writeFileSync(file, lines.join(''), { mode: 0o600, flag: 'wx' })
  console.log('Made .dev.vars with a fresh signing key and secrets for every payment provider.')
}

/** @returns all settings by name, with line ends as such; none where there is no file */
export function readDevVars(): Record<string, string> {
  if (!existsSync(file)) return {}
  const settings = Object.entries(parseEnv(readFileSync(file, 'utf8')))
  return Object.fromEntries(
    settings.map(([name, value]) => [name, String(value).replaceAll('\\n', '\n').trim()]),
  )
}

/** Sets some settings, or takes those that are undefined out, and leaves everything else as it is written. */
export function changeDevVars(changes: Readonly<Record<string, string | undefined>>): void {
  let text = readFileSync(file, 'utf8')
  for (const [name, value] of Object.entries(changes)) {
    const written = new RegExp(`^${name}=(?:"[^"]*"|'[^']*'|[^\\n]*)\\n?`, 'm')
    const line = value === undefined ? '' : `${lineOf(name, value)}\n`
    if (written.test(text)) text = text.replace(written, () => line)
    else text = `${text}${text === '' || text.endsWith('\n') ? '' : '\n'}${line}`
  }
  writeFileSync(file, text, { mode: 0o600 })
}

/** @throws Error that says how to set what is missing */
export function devVar(name: string): string {
  const value = readDevVars()[name]
  if (value) return value
  throw new Error(
    `.dev.vars has no ${name}. Add a line ${name}="whsec_..." (npm run --silent keyseal -- webhook-secret prints ` +
      'a value) and start the service again; where there is no .dev.vars, npm start makes one.',
  )
}

function lineOf(name: string, value: string): string {
  return `${name}="${value.replaceAll('\n', '\\n')}"`
}
