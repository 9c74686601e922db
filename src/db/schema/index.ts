/**
 * The tables as Drizzle sees them. The migrations are the truth, since Drizzle has no words for STRICT and
 * for most CHECKs; a test compares the two.
 */
export * from './access.ts'
export * from './deliveries.ts'
export * from './licensing.ts'
export * from './payments.ts'
