/** The token in the header `Authorization` (RFC 6750 section 2.1). White space around it is ignored. */
export function bearerToken(headers: Headers): string | undefined {
  return /^Bearer[ \t]+(\S+)$/i.exec(headers.get('Authorization')?.trim() ?? '')?.[1]
}
