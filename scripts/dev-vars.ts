/** `.dev.vars`: the secrets and settings of local development. */

import { randomBytes } from 'node:crypto'
import { chmodSync, constants, copyFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { parseEnv } from 'node:util'
import { PROVIDER_NAMES } from '../src/payments/provider.ts'
import { webhookSecretName } from '../src/payments/settings.ts'
import { FILE_KEYS } from '../src/signing/file-keys.ts'
import { algorithmFor } from './keyseal/signing-key-settings.ts'
import { newSigningKey, newWebhookSecret } from './secrets.ts'
import { projectFolder } from './wrangler.ts'

const file = path.join(projectFolder, '.dev.vars')

/** Creates the file. An existing one belongs to the user and only gets the secrets that later versions need. */
export function makeDevVars(): void {
  if (existsSync(file)) {
    addFileKeys()
    addAdminToken()
    return
  }
  const settings = {
    SIGNING_PRIVATE_KEY: newSigningKey(),
    ...newFileKeys(FILE_KEY_SETTINGS),
    ADMIN_TOKEN: newAdminToken(),
    ...Object.fromEntries(PROVIDER_NAMES.map((name) => [webhookSecretName(name), newWebhookSecret()])),
    DELIVERY_WEBHOOK_SECRET: newWebhookSecret(),
    EMAIL_FROM: 'keys@example.com',
    LOCAL_DEVELOPMENT: 'true',
  }
  const lines = Object.entries(settings).map(([name, value]) => `${lineOf(name, value)}\n`)
  writeFileSync(file, lines.join(''), { mode: 0o600, flag: 'wx' })
  console.log('Created .dev.vars with new signing keys and a secret for every payment provider.')
}

const FILE_KEY_SETTINGS = Object.values(FILE_KEYS).map(({ setting }) => setting)

function newFileKeys(settings: readonly string[]): Record<string, string> {
  return Object.fromEntries(settings.map((setting) => [setting, newSigningKey(algorithmFor(setting))]))
}

function addFileKeys(): void {
  const settings = readDevVars()
  const missing = FILE_KEY_SETTINGS.filter((setting) => !settings[setting])
  if (missing.length === 0) return
  changeDevVars(newFileKeys(missing))
  console.log(`Added new keys that sign license files to .dev.vars: ${missing.join(', ')}`)
}

function newAdminToken(): string {
  return randomBytes(32).toString('base64url')
}

function addAdminToken(): void {
  if (readDevVars().ADMIN_TOKEN) return
  changeDevVars({ ADMIN_TOKEN: newAdminToken() })
  console.log('Added a new ADMIN_TOKEN to .dev.vars.')
}

export function hasDevVars(): boolean {
  return existsSync(file)
}

/** Copies the file. Git ignores the copy too. @returns the name of the copy */
export function copyDevVars(): string {
  const copy = `${file}.before-${new Date().toISOString().replaceAll(/[:.]/g, '-')}`
  copyFileSync(file, copy, constants.COPYFILE_EXCL)
  chmodSync(copy, 0o600)
  return path.basename(copy)
}

/** @returns all settings by name, with `\n` decoded to line ends; empty if there is no file */
export function readDevVars(): Record<string, string> {
  if (!existsSync(file)) return {}
  const settings = Object.entries(parseEnv(readFileSync(file, 'utf8')))
  return Object.fromEntries(
    settings.map(([name, value]) => [name, String(value).replaceAll('\\n', '\n').trim()]),
  )
}

/** Sets settings, or removes those that are undefined. Everything else in the file stays as it is. */
export function changeDevVars(changes: Readonly<Record<string, string | undefined>>): void {
  let text = readFileSync(file, 'utf8')
  for (const [name, value] of Object.entries(changes)) {
    const line = value === undefined ? '' : `${lineOf(name, value)}\n`
    // If a setting occurs twice, the last one would apply: keep only one.
    let isWritten = false
    text = text.replaceAll(patternFor(name), () => {
      const written = isWritten ? '' : line
      isWritten = true
      return written
    })
    if (!isWritten) text = `${text}${text === '' || text.endsWith('\n') ? '' : '\n'}${line}`
  }
  writeFileSync(file, text, { mode: 0o600 })
}

/** Matches a whole setting: values in quotes and pasted PEMs may have several lines. */
function patternFor(name: string): RegExp {
  const quoted = `"[^"]*"[ \\t]*$|'[^']*'[ \\t]*$`
  const pem = '-----BEGIN [A-Z ]+-----[A-Za-z0-9+/=\\s]*-----END [A-Z ]+-----[ \\t]*$'
  return new RegExp(`^(?:export )?${name}[ \\t]*=[ \\t]*(?:${quoted}|${pem}|[^\\n]*)\\n?`, 'gm')
}

/** @throws Error that says how to add a missing setting */
export function devVar(name: string): string {
  const value = readDevVars()[name]
  if (value) return value
  throw new Error(
    `.dev.vars has no ${name}. Add a line ${name}="whsec_..." (npm run --silent keyseal -- webhook-secret prints ` +
      'a value) and restart the service. If there is no .dev.vars, npm start creates it.',
  )
}

function lineOf(name: string, value: string): string {
  return `${name}="${value.replaceAll('\n', '\\n')}"`
}
