import type { DocsByPath } from '../http/docs.ts'

export const docs: DocsByPath = {
  '/webhooks/resend': {
    details:
      'What became of e-mails after Resend accepted them: `email.delivered`, `email.bounced`, `email.suppressed`, ' +
      '`email.failed` and `email.complained` are stored with the delivery. `outcome` is `recorded`, or `ignored` for ' +
      'other events and for e-mails that this server did not send. Resend repeats a report if the code is not 2200. 2401: the ' +
      'signature is wrong or too old. 2404: the server has no `RESEND_WEBHOOK_SECRET`.',
  },
}
