/**
 * The tables as Drizzle sees them. The migrations are the truth, since Drizzle has no words for STRICT and
 * for most CHECKs; a test compares the two.
 */
export * from './schema/access.ts'
export * from './schema/deliveries.ts'
export * from './schema/licensing.ts'
export * from './schema/payments.ts'
