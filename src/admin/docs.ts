/** Texts about admin endpoints for the OpenAPI description. They are not part of the Worker's bundle. */

export interface AdminEndpointDocs {
  /** CommonMark. Adds to the summary. */
  readonly details?: string
  /** A JSON body that the endpoint accepts. */
  readonly request?: Readonly<Record<string, unknown>>
  /** The JSON body of its answer, with a value for every member. Omitted: the answer has no body. */
  readonly answer?: object
}

/** The endpoints of a folder, under one heading of the API reference. */
export interface AdminDocs {
  readonly tag: string
  readonly description: string
  /** By `<method> <path>`. */
  readonly endpoints: Readonly<Record<string, AdminEndpointDocs>>
}
