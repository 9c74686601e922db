/**
 * `POST /api/v1/contracts/destroy` and `destroy-all`: delete license keys of the holder's own contract, with
 * their activations and metadata. A replay of the generation still returns the original response.
 */
import * as z from 'zod/mini'
import type { AuditSql } from '../callers/audit.ts'
import { CONTRACT_KEY, type ContractPermission, contractHolder } from '../callers/contract-holders.ts'
import { defineOperation, perform } from '../callers/operation.ts'
import { endpoint } from '../http/endpoint.ts'
import { keepAsIssued } from '../issuing/as-issued.ts'
import { CODES } from '../protocol/codes.ts'
import { licenseKey } from '../protocol/fields.ts'
import { contractKeyAudit, contractKeysAudit } from './contract-audit.ts'

interface Destroyed {
  readonly kind: 'deleted' | 'not-found'
}

/**
 * @param condition SQL that selects from the contract's `license_keys`
 * @param audit from SQL that selects the destroyed keys, and SQL for the id of the contract
 */
function destruction(
  name: string,
  permission: ContractPermission,
  condition: string,
  audit: (isDestroyed: string, contractId: string) => AuditSql,
) {
  const authority = contractHolder(permission)
  const contractId = `(select id from contracts where ${authority.isCaller})`
  const belongsToContract = `license_keys.contract_id = ${contractId}`
  return defineOperation<Destroyed>({
    authority,
    name,
    decision: `json_object('kind', iif(exists (select 1 from license_keys
      where license_keys.contract_id = contracts.id and ${condition}), 'deleted', 'not-found'))`,
    changes: ['deleted'],
    writes: ({ decided }) => {
      const isDestroyed = `${belongsToContract} and ${condition} and ${decided('deleted')}`
      return [keepAsIssued(isDestroyed), `delete from license_keys where ${isDestroyed}`]
    },
    audit: () => audit(`${belongsToContract} and ${condition}`, contractId),
  })
}

export const keyDestruction = destruction(
  'contracts/destroy',
  'can_destroy',
  'license_keys.license_key = :licenseKey',
  (isDestroyed) => contractKeyAudit(isDestroyed),
)

export const contractsDestroy = endpoint({
  path: '/api/v1/contracts/destroy',
  summary: 'Destroy a license key',
  caller: CONTRACT_KEY,
  parameters: () => z.object({ license_key: licenseKey }),
  outcomes: { deleted: CODES.contractKeyDeleted, 'not-found': CODES.contractKeyNotFound },
  handle: (call) => perform(call, keyDestruction, { licenseKey: call.parameters.license_key ?? null }),
})

export const allKeysDestruction = destruction(
  'contracts/destroy-all',
  'can_destroy_all',
  'true',
  (_, contractId) => contractKeysAudit(contractId),
)

export const contractsDestroyAll = endpoint({
  path: '/api/v1/contracts/destroy-all',
  summary: 'Destroy all license keys',
  caller: CONTRACT_KEY,
  parameters: () => z.object({}),
  outcomes: { deleted: CODES.contractKeysDeleted, 'not-found': CODES.contractKeysNotFound },
  handle: (call) => perform(call, allKeysDestruction, {}),
})
