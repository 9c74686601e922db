/** A request to each endpoint behind an API key that is right in every respect. */
import { orderFields, type Shop } from './shop.ts'

/** The fields but for `api_key`; what they are about is made anew at each call. */
export const GOOD_REQUESTS: Record<
  string,
  (shop: Shop) => Promise<Record<string, string>> | Record<string, string>
> = {
  '/api/v1/random-assign-license-keys': (shop) => orderFields(shop),
}

/** The codes by which they are answered. */
export const GOOD_CODES: readonly unknown[] = [803]
