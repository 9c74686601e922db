/** An operation that changes one license, with its audit. The file of each endpoint says what it writes. */
import { defineOperation, type WriteSql } from '../../callers/operation.ts'
import { operatorAuthority, type Role } from '../../callers/operators.ts'
import type { Statement } from '../../db/batch.ts'
import { licenseAudit } from '../../keys/license-audit.ts'
import { etagOf, isOtherVersion } from '../fields.ts'
import { LICENSE, type License, licenseBody } from './license.ts'

/** An SQL condition: the row of `license_keys` is the one of the request. */
export const IS_LICENSE = 'license_keys.id = :id'

export type Changed<Refusal extends string = never> =
  | { readonly kind: 'changed'; readonly license: License }
  | { readonly kind: 'not-found' | 'version-mismatch' | Refusal }

/** SQL: the license of the request, as JSON. */
const CURRENT = `(select json(${LICENSE}) from license_keys
  cross join products on products.id = license_keys.product_id where ${IS_LICENSE})`

interface Change<Refusal extends string> {
  readonly name: string
  readonly role: Role
  /** SQL: why the row of `license_keys` cannot be changed, a `Refusal` or null. Default: it can. */
  readonly obstacle?: string
  readonly writes: (sql: WriteSql) => readonly (string | Statement<never>)[]
  /** Carries the type only. */
  readonly refusal?: Refusal
}

/** Placeholders: `id`, `ifMatch`, `reason`, and those of the writes, which run if the outcome is `changed`. */
export function changeLicense<Refusal extends string = never>({
  name,
  role,
  obstacle = 'null',
  writes,
}: Change<Refusal>) {
  return defineOperation<Changed<Refusal>>({
    authority: operatorAuthority({ role }),
    name,
    decision: `coalesce((select json_object('kind', case when ${isOtherVersion('license_keys.updated_at')}
        then 'version-mismatch' else coalesce(${obstacle}, 'changed') end)
      from license_keys where ${IS_LICENSE}), json_object('kind', 'not-found'))`,
    changes: ['changed'],
    currentMembers: `'$.license', ${CURRENT}`,
    writes,
    audit: () => licenseAudit(IS_LICENSE, ':reason'),
  })
}

/** Also answers a repeated request with the license as it is now. */
export function changedAnswer(
  { license }: { readonly license: License },
  { role }: { readonly role: string },
) {
  return { body: licenseBody(license, role), headers: etagOf(license.updatedAt) }
}
