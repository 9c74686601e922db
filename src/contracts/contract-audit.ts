/** What the audit records about a contract when it changes. It does not contain the contract key. */
import { type AuditSql, auditSubject } from '../callers/audit.ts'
import { licenseKeysCount } from './contract.ts'

const STATE = `json_object('name', contracts.name, 'information', substr(contracts.information, 1, 255),
  'product_id', contracts.product_id, 'license_keys_quantity', contracts.license_keys_quantity,
  'status', contracts.status, 'can_get_info', contracts.can_get_info, 'can_generate', contracts.can_generate,
  'can_destroy', contracts.can_destroy, 'can_destroy_all', contracts.can_destroy_all)`

/** @param contractId SQL */
export function contractAudit(contractId: string): AuditSql {
  return {
    subject: auditSubject('contract', contractId),
    state: `(select ${STATE} from contracts where contracts.id = ${contractId})`,
  }
}

/** For a change of all license keys of a contract. @param contractId SQL */
export function contractKeysAudit(contractId: string): AuditSql {
  return {
    subject: auditSubject('contract', contractId),
    state: `json_object('license_keys', ${licenseKeysCount(contractId)})`,
  }
}

/** For the deletion of a license key of a contract. @param isKey SQL that selects the row of `license_keys` */
export function contractKeyAudit(isKey: string): AuditSql {
  return {
    subject: auditSubject('license', `(select license_keys.id from license_keys where ${isKey})`),
    state: `(select json_object('product_id', license_keys.product_id, 'contract_id', license_keys.contract_id,
      'status', license_keys.status) from license_keys where ${isKey})`,
  }
}
