#!/usr/bin/env node
/** `npm run keyseal -- <command>`: everything an operator does, on the local database or on production. */
import { Command } from 'commander'
import { addApiKeys } from './keyseal/api-keys.ts'
import { addAppSettings } from './keyseal/app-settings.ts'
import { addBlocklist } from './keyseal/blocklist.ts'
import { addDeliveries, addDeliveryUrl } from './keyseal/deliveries.ts'
import { addDoctor } from './keyseal/doctor.ts'
import { addEvents } from './keyseal/events.ts'
import { addExport } from './keyseal/export.ts'
import { addGenerators } from './keyseal/generators.ts'
import { addIssue } from './keyseal/issue.ts'
import { addLicenses } from './keyseal/licenses.ts'
import { addOffers } from './keyseal/offers.ts'
import { addProducts } from './keyseal/products.ts'
import { addSigningKey } from './keyseal/signing-key.ts'
import { addStock } from './keyseal/stock.ts'
import { addWebhook } from './keyseal/webhook.ts'

/** In the order in which the help lists them. */
const COMMANDS = [
  addProducts,
  addApiKeys,
  addOffers,
  addGenerators,
  addBlocklist,
  addIssue,
  addStock,
  addLicenses,
  addExport,
  addEvents,
  addDeliveries,
  addDeliveryUrl,
  addWebhook,
  addAppSettings,
  addSigningKey,
  addDoctor,
]

const program = new Command('npm run keyseal --').description(
  'Manages a Keyseal service: the local one, or with --remote the one in production.',
)
for (const add of COMMANDS) add(program)
await program.parseAsync(withKeyIdLast(process.argv.slice(2)), { from: 'user' })

/** The id of a signing key may begin with a dash: behind `--` it is no option. */
function withKeyIdLast(words: readonly string[]): string[] {
  const isKeyId = (word: string) => words[0] === 'signing-key' && /^-[\w-]{42}$/.test(word)
  const others = words.filter((word) => !isKeyId(word))
  return others.length === words.length ? others : [...others, '--', ...words.filter(isKeyId)]
}
