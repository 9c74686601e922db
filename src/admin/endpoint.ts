/**
 * Declarations of admin endpoints. Each is declared once, in the folder of its resource. The routes, the checks of a request,
 * the OpenAPI description and the battery of tests are derived from it.
 */
import * as z from 'zod/mini'
import type { OperationCall, Result } from '../callers/caller.ts'
import type { OperatorRights } from '../callers/operators.ts'
import { type Bindings, oncePerIsolate } from '../platform/settings.ts'
import type { Problem, ProblemCode } from './problems.ts'

type PathNames<Path extends string> = Path extends `${string}:${infer Name}/${infer Rest}`
  ? Name | PathNames<`/${Rest}`>
  : Path extends `${string}:${infer Name}`
    ? Name
    : never

/** The names in the path. Ids are whole numbers, others are texts. */
type PathValues<Path extends string> = {
  readonly [Name in PathNames<Path>]: Name extends 'id' | `${string}_id` ? number : string
}

type Values<Shape extends z.core.$ZodShape> = z.output<z.ZodMiniObject<Shape>>

/** A request whose form is checked. Its token is checked by the batch that does the work. */
export interface AdminCall<
  Path extends string = string,
  Query extends z.core.$ZodShape = z.core.$ZodShape,
  Body extends z.core.$ZodShape = z.core.$ZodShape,
> extends OperationCall {
  readonly env: Bindings
  readonly path: PathValues<Path>
  readonly query: Values<Query>
  readonly body: Values<Body>
  /** The version that the caller read, from the header `If-Match`. null: the caller did not send it. */
  readonly ifMatch: number | null
  readonly requestId: string
}

export interface AdminAnswer {
  /** Default: 200. */
  readonly status?: 200 | 201 | 202 | 204
  /** JSON. Omitted with status 204. */
  readonly body?: unknown
  readonly headers?: Readonly<Record<string, string>>
}

interface Outcome {
  readonly kind: string
}

/** What the answer may depend on, in addition to the outcome. */
export interface AnswerContext<Call> {
  readonly call: Call
  /** Of the operator, or `root`. */
  readonly role: string
  readonly isReplay: boolean
}

/** `describe`: what the answer says in addition to the problem's own text. */
type ProblemOf<Of> =
  | ProblemCode
  | { readonly code: ProblemCode; readonly describe: (outcome: Of) => Omit<Problem, 'code'> }

interface Declaration<
  Path extends string,
  Query extends z.core.$ZodShape,
  Body extends z.core.$ZodShape,
  Of extends Outcome,
  Refusals extends Of['kind'],
> extends OperatorRights {
  readonly method: 'GET' | 'POST' | 'PATCH' | 'DELETE'
  /** Below `/admin/v1`. */
  readonly path: Path
  /** One line for the documentation. */
  readonly summary: string
  /** The rules of the query. Other fields are refused. */
  readonly query?: () => Query
  /** The rules of the JSON body. Other fields are refused. */
  readonly body?: () => Body
  /** Default: 64 KiB. */
  readonly bodyBytesMax?: number
  /** The most fields and members of lists in the body. Default: 20,000. */
  readonly bodyValuesMax?: number
  /** The outcomes that are problems. */
  readonly problems: { readonly [Kind in Refusals]: ProblemOf<Extract<Of, { kind: Kind }>> }
  readonly handle: (call: AdminCall<Path, Query, Body>) => Promise<Result<Of>>
  readonly answer: (
    outcome: Exclude<Of, { kind: Refusals }>,
    context: AnswerContext<AdminCall<Path, Query, Body>>,
  ) => AdminAnswer
}

/** A declared endpoint, without the types of its fields and outcomes. */
export interface AdminEndpoint extends OperatorRights {
  readonly method: Declaration<string, never, never, Outcome, never>['method']
  readonly path: string
  readonly summary: string
  readonly query: (env: Bindings) => z.ZodMiniObject
  readonly body: ((env: Bindings) => z.ZodMiniObject) | undefined
  readonly bodyBytesMax: number | undefined
  readonly bodyValuesMax: number | undefined
  /** The problems that only this endpoint has. */
  readonly problemCodes: readonly ProblemCode[]
  readonly respond: (call: AdminCall) => Promise<AdminResponse>
}

/** The operator of a request that the database accepted. */
interface Accepted {
  readonly operatorId: number | null
}

export type AdminResponse =
  | ({ readonly kind: 'answer'; readonly answer: AdminAnswer; readonly isReplay: boolean } & Accepted)
  | ({ readonly kind: 'problem'; readonly problem: Problem } & Accepted)

export function adminEndpoint<
  const Path extends string,
  Of extends Outcome,
  Query extends z.core.$ZodShape = Record<never, never>,
  Body extends z.core.$ZodShape = Record<never, never>,
  Refusals extends Of['kind'] = never,
>(declaration: Declaration<Path, Query, Body, Of, Refusals>): AdminEndpoint {
  const { method, path, summary, role, root, query, body, bodyBytesMax, bodyValuesMax } = declaration
  const problems: Readonly<Record<string, ProblemOf<never>>> = declaration.problems

  async function respond(call: AdminCall<Path, Query, Body>): Promise<AdminResponse> {
    const result = await declaration.handle(call)
    const { callerId: operatorId } = result
    if (result.kind === 'refused') {
      return { kind: 'problem', problem: { code: result.reason as ProblemCode }, operatorId }
    }
    const { outcome, isReplay, callerRole } = result
    const problem = problems[outcome.kind]
    if (problem !== undefined) {
      return { kind: 'problem', problem: problemFor(problem, outcome as never), operatorId }
    }
    const context = { call, role: callerRole ?? '', isReplay }
    const answer = declaration.answer(outcome as Exclude<Of, { kind: Refusals }>, context)
    return { kind: 'answer', answer, isReplay, operatorId }
  }

  return {
    method,
    path,
    summary,
    role,
    ...(root && { root }),
    query: oncePerIsolate(() => z.object(query?.() ?? {})) as AdminEndpoint['query'],
    body: body && (oncePerIsolate(() => z.object(body())) as AdminEndpoint['query']),
    bodyBytesMax,
    bodyValuesMax,
    problemCodes: Object.values(problems).map((problem) =>
      typeof problem === 'string' ? problem : problem.code,
    ),
    respond: respond as unknown as AdminEndpoint['respond'],
  }
}

function problemFor<Of>(problem: ProblemOf<Of>, outcome: Of): Problem {
  return typeof problem === 'string'
    ? { code: problem }
    : { code: problem.code, ...problem.describe(outcome) }
}
