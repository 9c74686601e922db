/** The Drizzle schema. The migrations are authoritative: Drizzle lacks STRICT and most CHECKs. */
export * from './access.ts'
export * from './deliveries.ts'
export * from './devices.ts'
export * from './imports.ts'
export * from './licensing.ts'
export * from './monitoring.ts'
export * from './payments.ts'
export * from './statistics.ts'
