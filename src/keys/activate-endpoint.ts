/** `POST /api/v1/activate`: activates a license key on a device or domain. */
import * as z from 'zod/mini'
import { authenticatedEndpoint } from '../http/authenticated.ts'
import { answerToOperation } from '../protocol/answers.ts'
import { CODES, type Code } from '../protocol/codes.ts'
import { optional, plainText } from '../protocol/fields.ts'
import { type Activated, activateLicenseKey } from './activate.ts'
import { deviceIdentifier, KEY_USE_PARAMETERS, keyUseOf, UNUSABLE } from './license-key-use.ts'

const ACTIVATED: Record<Activated['kind'], Code> = {
  ...UNUSABLE,
  'already-active': CODES.licenseKeyAlreadyActive,
  'limit-reached': CODES.activationLimitReached,
  activated: CODES.licenseKeyActivated,
}

export const activate = authenticatedEndpoint({
  path: '/api/v1/activate',
  access: 'use',
  parameters: () => z.object({ ...KEY_USE_PARAMETERS, post_url: optional(plainText('post_url', 2048)) }),
  deviceIdentifier,

  async handle({ settings, parameters, request }) {
    const { post_url: postUrl } = parameters
    const activated = await activateLicenseKey(settings.db, request, keyUseOf(parameters), postUrl)
    return answerToOperation(settings, activated, ({ kind, productId }) => ({
      code: ACTIVATED[kind],
      signedByProduct: productId,
    }))
  },
})
