/** Everything this server answers, at a glance. */

import { createContract } from './contracts/create-contract.ts'
import { deleteContract } from './contracts/delete-contract.ts'
import { contractsDestroy } from './contracts/destroy.ts'
import { contractsDestroyAll } from './contracts/destroy-all.ts'
import { contractsGenerate } from './contracts/generate.ts'
import { getAllContracts } from './contracts/get-all-contracts.ts'
import { contractsGetInfo } from './contracts/get-info.ts'
import { updateContract } from './contracts/update-contract.ts'
import { randomAssignLicenseKeys } from './issuing/random-assign-license-keys.ts'
import { randomAssignLicenseKeysQueued } from './issuing/random-assign-license-keys-queued.ts'
import { activate } from './keys/activate-endpoint.ts'
import { assignAndActivateLicenseKey } from './keys/assign-and-activate-endpoint.ts'
import { assignLicenseKey } from './keys/assign-endpoint.ts'
import { createLicenseKeyMeta } from './keys/create-license-key-meta.ts'
import { createLicenseKeys } from './keys/create-license-keys-endpoint.ts'
import { deactivate } from './keys/deactivate-endpoint.ts'
import { deleteLicenseKey } from './keys/delete-license-key-endpoint.ts'
import { deleteLicenseKeyMeta } from './keys/delete-license-key-meta.ts'
import { getAvailableLicenseKeysCount } from './keys/get-available-license-keys-count.ts'
import { getLicenseKeyDetails } from './keys/get-license-key-details.ts'
import { getLicenseKeys } from './keys/get-license-keys.ts'
import { updateLicenseKey } from './keys/update-license-key-endpoint.ts'
import { updateLicenseKeyMeta } from './keys/update-license-key-meta.ts'
import { verify } from './keys/verify-endpoint.ts'
import { webhooks } from './payments/webhooks.ts'
import { createProduct } from './products/create-product.ts'
import { createProductMeta } from './products/create-product-meta.ts'
import { deleteProduct } from './products/delete-product.ts'
import { deleteProductMeta } from './products/delete-product-meta.ts'
import { generate } from './products/generate.ts'
import { getAllGenerators } from './products/get-all-generators.ts'
import { getAllProducts } from './products/get-all-products.ts'
import { updateProduct } from './products/update-product.ts'
import { updateProductMeta } from './products/update-product-meta.ts'
import type { Endpoint } from './protocol/endpoint.ts'
import { health, ready } from './service/health.ts'
import { jwks, publicKey } from './service/public-keys.ts'

export const ENDPOINTS: readonly Endpoint[] = [
  verify,
  activate,
  deactivate,
  getLicenseKeyDetails,
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
  health,
  ready,
  ...webhooks,
]
