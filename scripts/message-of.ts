/** What to print of something that was thrown: its message, without where it happened. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
