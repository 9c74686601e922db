/** `.dev.vars`: the secrets and settings of local development. */
import { chmodSync, constants, copyFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs'
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

export function hasDevVars(): boolean {
  return existsSync(file)
}

/** Keeps the file as it is now beside itself; git ignores the copy too. @returns the name of the copy */
export function copyDevVars(): string {
  const copy = `${file}.before-${new Date().toISOString().replaceAll(/[:.]/g, '-')}`
  copyFileSync(file, copy, constants.COPYFILE_EXCL)
  chmodSync(copy, 0o600)
  return path.basename(copy)
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
    const line = value === undefined ? '' : `${lineOf(name, value)}\n`
    // Of a setting that stands there twice the last would count.
    let isWritten = false
    text = text.replaceAll(writtenAs(name), () => {
      const written = isWritten ? '' : line
      isWritten = true
      return written
    })
    if (!isWritten) text = `${text}${text === '' || text.endsWith('\n') ? '' : '\n'}${line}`
  }
  writeFileSync(file, text, { mode: 0o600 })
}

/** A value in quotes may have several lines. So has a PEM that somebody pasted without them: it goes as a whole. */
function writtenAs(name: string): RegExp {
  const quoted = `"[^"]*"[ \\t]*$|'[^']*'[ \\t]*$`
  const pem = '-----BEGIN [A-Z ]+-----[A-Za-z0-9+/=\\s]*-----END [A-Z ]+-----[ \\t]*$'
  return new RegExp(`^(?:export )?${name}[ \\t]*=[ \\t]*(?:${quoted}|${pem}|[^\\n]*)\\n?`, 'gm')
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
