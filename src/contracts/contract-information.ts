/** What a contract's holder may learn of it, once it can generate keys at all. */
import { contractHolder } from '../callers/contract-holders.ts'
import { defineReading } from '../callers/reading.ts'
import { generatorOf } from '../issuing/key-sources.ts'
import { type Contract, contractJson } from './contracts.ts'

export type ContractInformation =
  | { readonly kind: 'product-not-found' | 'generator-not-found' }
  | { readonly kind: 'found'; readonly contract: Contract }

/**
 * SQL, `when ... then ...`: why a contract can generate no keys, whatever its quota.
 *
 * @param row of `contracts`
 * @param answer SQL for the name of the trouble as the case is to give it
 */
export function troublesOf(row: string, answer: (kind: string) => string): string {
  return `when not exists (select 1 from products where products.id = ${row}.product_id and products.status = 'active')
      then ${answer('product-not-found')}
    when ${generatorOf(`${row}.product_id`)} is null then ${answer('generator-not-found')}`
}

export const contractInformation = defineReading<ContractInformation>(
  contractHolder('can_get_info'),
  `case ${troublesOf('caller', (kind) => `json_object('kind', '${kind}')`)}
    else json_object('kind', 'found', 'contract', ${contractJson('caller')}) end`,
)
