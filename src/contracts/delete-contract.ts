/** `POST /api/v1/delete-contract`: deletes a contract and keeps its license keys. */
import * as z from 'zod/mini'
import { apiKey, apiKeyAuthority } from '../callers/api-keys.ts'
import { defineOperation, type OperationParts, perform } from '../callers/operation.ts'
import { endpoint } from '../http/endpoint.ts'
import { CODES } from '../protocol/codes.ts'
import { contractAudit } from './contract-audit.ts'
import { contractId } from './contract-fields.ts'
import { PRODUCT_OF_CONTRACT } from './contract-order.ts'

interface Deleted {
  readonly kind: 'deleted' | 'not-found'
}

/** Placeholder: `contractId`. */
export const contractDeletion: OperationParts<Deleted> = {
  decision: `json_object('kind',
    iif(exists (select 1 from contracts where id = :contractId), 'deleted', 'not-found'))`,
  changes: ['deleted'],
  writes: ({ decided }) => [`delete from contracts where id = :contractId and ${decided('deleted')}`],
  audit: () => contractAudit(':contractId'),
}

const deletion = defineOperation<Deleted>({
  authority: apiKeyAuthority({ products: PRODUCT_OF_CONTRACT }),
  name: 'delete-contract',
  ...contractDeletion,
})

export const deleteContract = endpoint({
  path: '/api/v1/delete-contract',
  summary: 'Delete a contract',
  caller: apiKey('contracts'),
  parameters: () => z.object({ contract_id: contractId }),
  outcomes: { deleted: CODES.contractDeleted, 'not-found': CODES.changeContractNotFound },
  handle: (call) => perform(call, deletion, { contractId: call.parameters.contract_id }),
})
