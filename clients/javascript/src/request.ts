/** Requests to the server, bounded in time and size. */

const TIMEOUT_MS = 10_000
const BODY_BYTES_MAX = 1_000_000

export type Reply =
  | { readonly kind: 'unreachable' }
  | { readonly kind: 'answered'; readonly body: string; readonly retryAfter: string | null }

/** Never rejects. A redirect is not followed, and neither it nor a body that is too long has a text. */
export async function post(
  url: string,
  apiKey: string,
  fields: Readonly<Record<string, string>>,
): Promise<Reply> {
  try {
    const response = await fetch(url, {
      method: 'POST',
      headers: { Authorization: `Bearer ${apiKey}` },
      body: new URLSearchParams(fields),
      redirect: 'manual',
      signal: AbortSignal.timeout(TIMEOUT_MS),
    })
    const retryAfter = response.headers.get('Retry-After')
    return { kind: 'answered', body: await bodyOf(response), retryAfter }
  } catch {
    return { kind: 'unreachable' }
  }
}

async function bodyOf({ body }: Response): Promise<string> {
  const reader = body?.getReader()
  const decoder = new TextDecoder()
  let text = ''
  let bytes = 0
  for (;;) {
    const piece = await reader?.read()
    if (piece?.value === undefined) return text + decoder.decode()
    bytes += piece.value.byteLength
    if (bytes > BODY_BYTES_MAX) {
      await reader?.cancel()
      return ''
    }
    text += decoder.decode(piece.value, { stream: true })
  }
}
