/** @returns the message of a thrown value, without its stack */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
