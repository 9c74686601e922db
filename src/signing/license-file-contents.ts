/** The payload of a license file, in the JSON:API form that Keygen's clients read. */

/** Instants are milliseconds UTC. */
export interface LicenseFileFacts {
  readonly issuedAt: number
  /** The end of the file, not of the license. */
  readonly expiresAt: number
  /** null: the file is for any machine. */
  readonly machine: {
    /** Of the activation. */
    readonly id: number
    readonly identifier: string
    readonly createdAt: number
  } | null
  readonly license: {
    readonly id: number
    /** As stored. */
    readonly key: string
    /** null: never. */
    readonly expiresAt: number | null
    readonly createdAt: number
    readonly updatedAt: number
  }
  readonly product: { readonly id: number; readonly name: string }
  readonly features: readonly string[]
}

/** @returns what `makeLicenseFile` signs, with its members in the order of the format */
export function licenseFileContents(facts: LicenseFileFacts) {
  const { issuedAt, expiresAt, machine } = facts
  const meta = {
    issued: iso(issuedAt),
    expiry: iso(expiresAt),
    ttl: Math.floor((expiresAt - issuedAt) / 1000),
  }
  const license = licenseObject(facts)
  const entitlements = facts.features.map((name) => entitlementObject(name, facts.license))
  if (!machine) return { meta, data: license, included: entitlements }
  return { meta, data: machineObject(machine, license.id), included: [license, ...entitlements] }
}

function machineObject(machine: NonNullable<LicenseFileFacts['machine']>, licenseId: string) {
  const createdAt = iso(machine.createdAt)
  return {
    type: 'machines',
    id: String(machine.id),
    // What a file says of an activation never changes.
    attributes: { fingerprint: machine.identifier, created: createdAt, updated: createdAt, metadata: {} },
    relationships: { license: { data: { type: 'licenses', id: licenseId } } },
  }
}

function licenseObject({ license, product }: LicenseFileFacts) {
  const productId = String(product.id)
  return {
    type: 'licenses',
    id: String(license.id),
    attributes: {
      name: product.name,
      key: license.key,
      expiry: license.expiresAt === null ? null : iso(license.expiresAt),
      scheme: null,
      requireHeartbeat: false,
      lastValidated: null,
      created: iso(license.createdAt),
      updated: iso(license.updatedAt),
      metadata: {},
    },
    relationships: {
      policy: { data: { type: 'policies', id: productId } },
      product: { data: { type: 'products', id: productId } },
    },
  }
}

/** A feature has no instants of its own, so it has those of the license. */
function entitlementObject(name: string, { createdAt, updatedAt }: LicenseFileFacts['license']) {
  return {
    type: 'entitlements',
    id: name,
    attributes: { code: name, name, created: iso(createdAt), updated: iso(updatedAt), metadata: {} },
  }
}

function iso(instant: number): string {
  return new Date(instant).toISOString()
}
