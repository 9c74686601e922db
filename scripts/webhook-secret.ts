/** `npm run --silent webhook-secret`: prints a fresh secret for signed webhooks, as Standard Webhooks writes it. */
import { randomBytes } from 'node:crypto'

export function newWebhookSecret(): string {
  return `whsec_${randomBytes(32).toString('base64')}`
}

if (import.meta.main) process.stdout.write(newWebhookSecret())
