/** Every message in Cloudflare's list of D1 errors, and whether the Worker retries after it. */
export const D1_ERRORS: readonly (readonly [text: string, isRetried: boolean])[] = [
  ['D1 DB reset because its code was updated.', true],
  ['Internal error while starting up D1 DB storage caused object to be reset.', true],
  ['Network connection lost.', true],
  ['Internal error in D1 DB storage caused object to be reset.', true],
  ['Cannot resolve D1 DB due to transient issue on remote node.', true],
  ["Can't read from request stream because client disconnected.", false],
  ['D1 DB storage operation exceeded timeout which caused object to be reset.', false],
  ['D1 DB is overloaded. Requests queued for too long.', false],
  ['D1 DB is overloaded. Too many requests queued.', false],
  ["D1 DB's isolate exceeded its memory limit and was reset.", false],
  ['D1 DB exceeded its CPU time limit and was reset.', false],
]
