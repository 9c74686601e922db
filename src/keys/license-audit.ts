/** What the audit records about a license key when it changes. It contains no license key. */
import { type AuditSql, auditSubject } from '../callers/audit.ts'

/** Long values of metadata are cut, and few licenses have as many entries. */
const METADATA = `(select json_group_object(entries.key, entries.value) from (
  select license_key_metadata.key as key, substr(license_key_metadata.value, 1, 255) as value from license_key_metadata
  where license_key_metadata.license_key_id = license_keys.id order by license_key_metadata.id limit 100) as entries)`

const STATE = `json_object('product_id', license_keys.product_id, 'status', license_keys.status,
  'owner_name', license_keys.owner_name, 'owner_email', license_keys.owner_email,
  'activation_limit', license_keys.activation_limit, 'validity_days', license_keys.validity_days,
  'assigned_at', license_keys.assigned_at, 'expires_at', license_keys.expires_at,
  'features', json(license_keys.features), 'metadata', json(${METADATA}))`

/**
 * @param isKey SQL that selects the row of `license_keys`
 * @param reason SQL
 */
export function licenseAudit(isKey: string, reason = 'null'): AuditSql {
  return {
    subject: auditSubject('license', `(select license_keys.id from license_keys where ${isKey})`),
    state: `(select ${STATE} from license_keys where ${isKey})`,
    reason,
  }
}
