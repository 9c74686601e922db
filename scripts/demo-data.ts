/** The demo data of `npm start`, in the local database. */
import { hashApiKey } from '../src/callers/api-keys.ts'
import { CAPABILITIES } from '../src/callers/caller.ts'
import { PROVIDER_NAMES } from '../src/payments/provider.ts'
import { insertDefaultGenerator } from '../src/products/default-generator.ts'
import { runStatements, sqlText } from './database.ts'

export const DEMO_API_KEY = 'demo-api-key'
/** The price or product id of the demo offers of all payment providers. */
export const DEMO_PRICE = 'price_demo'

/** Loads the demo data. Rows that exist are kept, except for the capabilities of the demo API key. */
export async function loadDemoData(): Promise<void> {
  const now = Date.now()
  await runStatements('local', [
    `insert into products (id, name, status, features, trial_days, offline_page, created_at, updated_at)
       values (1, 'Demo product', 'active', '["pro"]', 14, 1, ${now}, ${now}),
         (2, 'Inactive demo product', 'inactive', null, null, 0, ${now}, ${now})
       on conflict do nothing`,
    insertDefaultGenerator(
      { productId: 'id', now: String(now) },
      `from products where id in (1, 2) and not exists (select 1 from generators where product_id = products.id)`,
    ),
    `insert into api_keys (name, key_hash, key_start, status, capabilities, created_at)
       values ('Demo', ${sqlText(await hashApiKey(DEMO_API_KEY))}, ${sqlText(DEMO_API_KEY.slice(0, 4))}, 'active',
         ${sqlText(JSON.stringify(CAPABILITIES))}, ${now})
       on conflict (key_hash) do update set capabilities = excluded.capabilities`,
    `insert into offers (provider, external_id, product_id, keys_per_unit, mode, validity_days, activation_limit)
       values ${PROVIDER_NAMES.map((name) => `(${sqlText(name)}, ${sqlText(DEMO_PRICE)}, 1, 1, 'key-per-unit', 365, 3)`)}
       on conflict do nothing`,
  ])
}
