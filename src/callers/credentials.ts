/** Where a request carries its API key: in its parameters, or as a bearer token (RFC 6750 section 2.1). */

/** The key, or undefined where there is none, or where there are two that differ. */
export function presentedApiKey(authorization: string | null, parameter: unknown): string | undefined {
  const bearer = /^Bearer +(\S+)$/i.exec(authorization ?? '')?.[1]
  const isParameterGiven = parameter !== undefined && parameter !== null && parameter !== ''
  if (!isParameterGiven) return bearer
  // What is no text can not be a key; the rule of the parameter says so.
  const given = String(parameter)
  return bearer === undefined || bearer === given ? given : undefined
}
