/** Other names of fields, from the SDKs of the protocol. They count where the first name is missing or blank. */
import { type Fields, isGiven, trimmed } from './fields.ts'

type Aliases = Readonly<Record<string, readonly string[]>>

const ALIASES: Aliases = {
  product_id: ['product_uuid'],
  generator_id: ['generator_uuid'],
  key: ['meta_key'],
  value: ['meta_value'],
  owner_name: ['customer_name'],
  owner_email: ['customer_email'],
  email: ['customer_email'],
  validity: ['validity_days'],
}

/** The `identifier` of an order is the shop's own. Only a request about a license key has a device. */
const WITH_DEVICE: Aliases = { ...ALIASES, identifier: ['hardware_id', 'hardwareId', 'domain'] }

/** @param names the first names of the endpoint's fields */
export function withoutAliases(fields: Fields, names: readonly string[]): Fields {
  const aliases = names.includes('license_key') ? WITH_DEVICE : ALIASES
  const values = { ...fields.values }
  const refused = new Map(fields.refused)
  const hasValue = (name: string) => isGiven(trimmed(fields.values[name]))
  for (const name of names.filter((name) => !hasValue(name))) {
    const alias = aliases[name]?.find(hasValue)
    if (alias === undefined) continue
    values[name] = fields.values[alias]
    const rule = fields.refused.get(alias)
    if (rule !== undefined) refused.set(name, rule)
  }
  return { values, refused }
}
