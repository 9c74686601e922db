/** Notes about codes for the table in docs/api.md. */
import type { CodeName } from './answers.ts'

export const CODE_NOTES: { readonly [Name in CodeName]?: string } = {
  apiKeyUnknown: 'No API key, two different ones, or an unknown one',
  apiKeyInactive: 'Also an expired API key',
  capabilityMissing: 'Also an API key for other products, and a contract without the permission',
  accessDenied: 'The address or the device is on the blocklist',
  licenseKeyInvalid: 'Also if no key was given',
  activationLimitReached: 'For a key whose limit is 0: it is active on `ACTIVATIONS_MAX` devices',
  licenseKeyDeactivated: 'The code is the text `"400"`',
  stockInsufficient: '`available_quantity`: the number of keys in stock',
  licenseKeysAssigned: '`license_keys`: the keys, by ascending id',
  incorrectData: '`errors`: messages by field; `errors.body` if the body cannot be read',
  productNotFound: 'The product does not exist or is inactive',
  generatorNotFound: 'There is no generator, or none is active',
  requestQueued: 'Keyseal will send the keys to `webhook_url`',
  allGenerators: 'The list is called `products`',
  contractIncorrectData: '`errors`: one message by field',
  contractCreated: 'Also after an update',
  updateProductIncorrectData: '`errors`: messages by field',
  createProductIncorrectData: '`errors`: messages by field',
  createLicenseKeysIncorrectData: '`errors`: messages by field',
  updateLicenseKeyIncorrectData: '`errors`: messages by field',
  licenseKeysCreated: '`created` and `duplicate`: numbers of keys',
  noLicenseKeysCreated: 'The list is empty',
  contractNotFound: 'The contract does not exist or is inactive',
  contractQuotaReached: 'The contract has no keys left',
  contractQuotaExceeded: 'More than the contract has left, or more than `MAX_QUANTITY`',
  webhookReceived: '`outcome`: the outcome of the event, or of several events, separated by commas',
  healthy: 'From `/health` and `/health/ready`',
  trialStarted: '`license_key` and `license_file`',
  trialRunning: '`license_key` and `license_file`',
  noTrialOffered: 'The product has no `trial_days`',
  signatureInvalid: "From a payment provider's event; nothing is stored",
  methodNotAllowed: 'The header `Allow` lists the allowed methods',
  bodyTooLarge:
    'More than 64 KiB. Endpoints with long texts allow 128 KiB, `create-license-keys` 4 MB, webhooks 1 MB',
  tooManyRequests: 'Nothing was done. Repeat the request after `Retry-After` seconds',
  internalError: 'A bug or a missing setting. Find it in the log by its request id',
  serviceUnavailable:
    'Repeat the request after `Retry-After` seconds, with the same `Idempotency-Key`. Webhooks get this code for any ' +
    'failure of the server. `not_ready` of `/health/ready` lists the failed checks',
}
