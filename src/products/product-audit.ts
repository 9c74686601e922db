/** What the audit records about a product when it changes. */
import { type AuditSql, auditSubject } from '../callers/audit.ts'

/** Long values of metadata are cut, and few products have as many entries. */
const METADATA = `(select json_group_object(entries.key, entries.value) from (
  select product_metadata.key as key, substr(product_metadata.value, 1, 255) as value from product_metadata
  where product_metadata.product_id = products.id order by product_metadata.id limit 100) as entries)`

const STATE = `json_object('name', products.name, 'description', substr(products.description, 1, 255),
  'status', products.status, 'source', products.source, 'external_reference', products.external_reference,
  'require_non_expired', products.require_non_expired, 'delivery_webhook_url', products.delivery_webhook_url,
  'features', json(products.features), 'domain_devices', products.domain_devices, 'trial_days', products.trial_days,
  'any_machine_files', products.any_machine_files, 'offline_page', products.offline_page,
  'deleted_at', products.deleted_at, 'metadata', json(${METADATA}))`

/** @param productId SQL */
export function productAudit(productId: string): AuditSql {
  return {
    subject: auditSubject('product', productId),
    state: `(select ${STATE} from products where products.id = ${productId})`,
  }
}
