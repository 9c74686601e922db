/** Notes about codes for the table in docs/api.md. */
import type { CodeName } from './answers.ts'

export const CODE_NOTES: { readonly [Name in CodeName]?: string } = {
  apiKeyUnknown: 'No API key, two different ones, or an unknown one',
  capabilityMissing: 'Also a contract without the permission',
  accessDenied: 'The address or the device is on the blocklist',
  licenseKeyInvalid: 'Also if no key was given',
  licenseKeyDeactivated: 'The code is the text `"400"`',
  stockInsufficient: '`available_quantity`: how many keys the stock has',
  licenseKeysAssigned: '`license_keys`: the keys, by ascending id',
  incorrectData: '`errors`: sentences by field; `errors.body` if the body cannot be read',
  productNotFound: 'No such product, or an inactive one',
  generatorNotFound: 'No generator, or no active one',
  requestQueued: 'The keys come to `webhook_url`',
  allGenerators: 'The list is called `products`',
  contractIncorrectData: '`errors`: one sentence by field',
  contractCreated: 'Also after an update',
  updateProductIncorrectData: '`errors`: sentences by field',
  createProductIncorrectData: '`errors`: sentences by field',
  createLicenseKeysIncorrectData: '`errors`: sentences by field',
  updateLicenseKeyIncorrectData: '`errors`: sentences by field',
  licenseKeysCreated: '`created` and `duplicate`: how many',
  noLicenseKeysCreated: 'The list is empty',
  contractNotFound: 'No such contract, or an inactive one',
  contractQuotaReached: 'The contract has no keys left',
  contractQuotaExceeded: 'More than the contract has left, or more than `MAX_QUANTITY`',
  webhookReceived: '`outcome`: what became of the event',
  healthy: 'From `/health` and `/health/ready`',
  signatureInvalid: "From a payment provider's event; nothing is stored",
  methodNotAllowed: 'The header `Allow` lists the allowed methods',
  bodyTooLarge:
    'More than 64 KiB. Endpoints with long texts allow 128 KiB, `create-license-keys` 4 MB, webhooks 1 MB',
  tooManyRequests: '`Retry-After` says when to repeat the request. Nothing was done',
  internalError: 'A bug or a missing setting. The log has it under the request id',
  serviceUnavailable:
    '`Retry-After` says when to repeat the request, with the same `Idempotency-Key`. Webhooks get it for any failure of the ' +
    'server. `not_ready` of `/health/ready` lists what is missing',
}
