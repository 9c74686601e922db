/** Everything this server answers, at a glance. */
import { activate } from './activate.ts'
import { assignAndActivateLicenseKey } from './assign-and-activate-license-key.ts'
import { assignLicenseKey } from './assign-license-key.ts'
import { contractsDestroy } from './contracts-destroy.ts'
import { contractsDestroyAll } from './contracts-destroy-all.ts'
import { contractsGenerate } from './contracts-generate.ts'
import { contractsGetInfo } from './contracts-get-info.ts'
import { createContract } from './create-contract.ts'
import { createLicenseKeyMeta } from './create-license-key-meta.ts'
import { createLicenseKeys } from './create-license-keys.ts'
import { createProduct } from './create-product.ts'
import { createProductMeta } from './create-product-meta.ts'
import { deactivate } from './deactivate.ts'
import { deleteContract } from './delete-contract.ts'
import { deleteLicenseKey } from './delete-license-key.ts'
import { deleteLicenseKeyMeta } from './delete-license-key-meta.ts'
import { deleteProduct } from './delete-product.ts'
import { deleteProductMeta } from './delete-product-meta.ts'
import type { Endpoint } from './endpoint.ts'
import { generate } from './generate.ts'
import { getAllContracts } from './get-all-contracts.ts'
import { getAllGenerators } from './get-all-generators.ts'
import { getAllProducts } from './get-all-products.ts'
import { getAvailableLicenseKeysCount } from './get-available-license-keys-count.ts'
import { getLicenseKeyDetails } from './get-license-key-details.ts'
import { getLicenseKeys } from './get-license-keys.ts'
import { health, ready } from './health.ts'
import { jwks, publicKey } from './public-keys.ts'
import { randomAssignLicenseKeys } from './random-assign-license-keys.ts'
import { randomAssignLicenseKeysQueued } from './random-assign-license-keys-queued.ts'
import { updateContract } from './update-contract.ts'
import { updateLicenseKey } from './update-license-key.ts'
import { updateLicenseKeyMeta } from './update-license-key-meta.ts'
import { updateProduct } from './update-product.ts'
import { updateProductMeta } from './update-product-meta.ts'
import { verify } from './verify.ts'
import { webhooks } from './webhooks.ts'

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
