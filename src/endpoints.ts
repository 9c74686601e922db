import { createContract } from './contracts/create-contract.ts'
import { deleteContract } from './contracts/delete-contract.ts'
import { contractsDestroy, contractsDestroyAll } from './contracts/destroy.ts'
import { contractsGenerate } from './contracts/generate.ts'
import { getAllContracts } from './contracts/get-all-contracts.ts'
import { contractsGetInfo } from './contracts/get-info.ts'
import { updateContract } from './contracts/update-contract.ts'
import { resendWebhook } from './deliveries/resend-webhook.ts'
import type { Endpoint } from './http/endpoint.ts'
import { randomAssignLicenseKeys } from './issuing/random-assign-license-keys.ts'
import { randomAssignLicenseKeysQueued } from './issuing/random-assign-license-keys-queued.ts'
import { activate } from './keys/activate.ts'
import { assignAndActivateLicenseKey, assignLicenseKey } from './keys/assign.ts'
import { checkOut } from './keys/check-out.ts'
import { createLicenseKeys } from './keys/create-license-keys.ts'
import { deactivate } from './keys/deactivate.ts'
import { deleteLicenseKey } from './keys/delete-license-key.ts'
import { getLicenseKeyDetails } from './keys/get-license-key-details.ts'
import { getAvailableLicenseKeysCount, getLicenseKeys } from './keys/get-license-keys.ts'
import {
  createLicenseKeyMeta,
  deleteLicenseKeyMeta,
  updateLicenseKeyMeta,
} from './keys/license-key-metadata.ts'
import { startTrial } from './keys/start-trial.ts'
import { updateLicenseKey } from './keys/update-license-key.ts'
import { verify } from './keys/verify.ts'
import { webhooks } from './payments/webhooks.ts'
import { createProduct } from './products/create-product.ts'
import { deleteProduct } from './products/delete-product.ts'
import { generate } from './products/generate.ts'
import { getAllGenerators } from './products/get-all-generators.ts'
import { getAllProducts } from './products/get-all-products.ts'
import { createProductMeta, deleteProductMeta, updateProductMeta } from './products/product-metadata.ts'
import { updateProduct } from './products/update-product.ts'
import { health, ready } from './service/health.ts'
import { jwks, licenseFileKeys, publicKey } from './service/public-keys.ts'

export const ENDPOINTS: readonly Endpoint[] = [
  verify,
  activate,
  deactivate,
  getLicenseKeyDetails,
  checkOut,
  startTrial,
  createLicenseKeyMeta,
  updateLicenseKeyMeta,
  deleteLicenseKeyMeta,
  assignLicenseKey,
  assignAndActivateLicenseKey,
  randomAssignLicenseKeys,
  randomAssignLicenseKeysQueued,
  getAllGenerators,
  generate,
  createLicenseKeys,
  updateLicenseKey,
  deleteLicenseKey,
  getLicenseKeys,
  getAvailableLicenseKeysCount,
  createProduct,
  updateProduct,
  deleteProduct,
  getAllProducts,
  createProductMeta,
  updateProductMeta,
  deleteProductMeta,
  createContract,
  updateContract,
  deleteContract,
  getAllContracts,
  contractsGetInfo,
  contractsGenerate,
  contractsDestroy,
  contractsDestroyAll,
  publicKey,
  jwks,
  licenseFileKeys,
  health,
  ready,
  ...webhooks,
  resendWebhook,
]
