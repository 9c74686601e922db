/** The data a newcomer starts with. It knows no database but the local one. */
import { hashApiKey } from '../src/callers/api-keys.ts'
import { CAPABILITIES } from '../src/callers/caller.ts'
import { PROVIDER_NAMES } from '../src/payments/provider.ts'
import { runStatements, sqlText } from './database.ts'

export const DEMO_API_KEY = 'demo-api-key'
/** What every payment provider sells in the demo. */
export const DEMO_PRICE = 'price_demo'

/** Loads the demo data, or leaves what is there as it is. */
export async function loadDemoData(): Promise<void> {
  const now = Date.now()
  await runStatements('local', [
    `insert into products (id, name, status, created_at, updated_at)
       values (1, 'Demo product', 'active', ${now}, ${now}), (2, 'Inactive demo product', 'inactive', ${now}, ${now})
       on conflict do nothing`,
    `insert into api_keys (name, key_hash, key_start, status, capabilities, created_at)
       values ('Demo', ${sqlText(await hashApiKey(DEMO_API_KEY))}, ${sqlText(DEMO_API_KEY.slice(0, 4))}, 'active',
         ${sqlText(JSON.stringify(CAPABILITIES))}, ${now})
       on conflict (key_hash) do update set capabilities = excluded.capabilities`,
    `insert into offers (provider, external_id, product_id, keys_per_unit, mode, validity_days, activation_limit)
       values ${PROVIDER_NAMES.map((name) => `(${sqlText(name)}, ${sqlText(DEMO_PRICE)}, 1, 1, 'key-per-unit', 365, 3)`)}
       on conflict do nothing`,
  ])
}
