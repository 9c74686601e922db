/** `.dev.vars`: the secrets and settings of local development. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { parseEnv } from 'node:util'
import { PROVIDER_NAMES } from '../src/payments/provider.ts'
import { webhookSecretName } from '../src/payments/settings.ts'
import { newSigningKey } from './signing-key.ts'
import { newWebhookSecret } from './webhook-secret.ts'
import { projectFolder } from './wrangler.ts'

const file = path.join(projectFolder, '.dev.vars')

/** Makes the file where there is none: one that exists is the user's. */
export function makeDevVars(): void {
  if (existsSync(file)) return
  const settings = {
    SIGNING_PRIVATE_KEY: newSigningKey().replaceAll('\n', '\\n'),
    ...Object.fromEntries(PROVIDER_NAMES.map((name) => [webhookSecretName(name), newWebhookSecret()])),
    DELIVERY_WEBHOOK_SECRET: newWebhookSecret(),
    EMAIL_FROM: 'keys@example.com',
    LOCAL_DEVELOPMENT: 'true',
  }
  const lines = Object.entries(settings).map(([name, value]) => `${name}="${value}"\n`)
  writeFileSync(file, lines.join(''), { mode: 0o600, flag: 'wx' })
  console.log('Made .dev.vars with a fresh signing key and secrets for every payment provider.')
}

/** @throws Error that says how to set what is missing */
export function devVar(name: string): string {
  const value = existsSync(file) ? parseEnv(readFileSync(file, 'utf8'))[name] : undefined
  if (value) return value
  throw new Error(
    `.dev.vars has no ${name}. Add a line ${name}="whsec_..." (npm run --silent webhook-secret prints a value) ` +
      'and start the service again; where there is no .dev.vars, npm start makes one.',
  )
}
