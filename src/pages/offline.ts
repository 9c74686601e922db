/**
 * `GET` and `POST /offline`: a page for machines without a connection. A person brings the request of the machine, and
 * takes a license file back. It is off until a product allows it.
 *
 * Guarantees: no address that a server sees contains a license key, an identifier or a file. A download checks out again,
 * which only extends what the device has.
 */
import * as z from 'zod/mini'
import { type Done, done, LICENSE_HOLDER, type Refused, refused } from '../callers/caller.ts'
import { deliverySettings } from '../deliveries/settings.ts'
import { type Answer, type Call, endpoint, type Page } from '../http/endpoint.ts'
import { isLicenseKeyLimitExceeded, LIMITERS } from '../http/limits.ts'
import { CHECK_OUT_CODES, type CheckOutOutcome } from '../keys/check-out.ts'
import { fileKeyFor, makeFile } from '../keys/license-files.ts'
import type { Bindings } from '../platform/settings.ts'
import { CODES } from '../protocol/codes.ts'
import { flag, optional } from '../protocol/fields.ts'
import { htmlPage } from './layout.tsx'
import { checkOutOffline, fileTerms, isPageOn } from './offline-check-out.ts'
import type { RefusalKind } from './offline-messages.ts'
import { type OfflineRequest, readOfflineRequest } from './offline-request.ts'
import {
  downloadPage,
  FilePage,
  type FileView,
  RefusalPage,
  type RefusalView,
  RequestPage,
} from './offline-views.tsx'

const PATH = '/offline'

const PARAMETERS = z.object({
  request: optional(z.string()),
  download: optional(flag('download')),
})

interface Shown {
  readonly kind: CheckOutOutcome['kind'] | 'request-unreadable'
  /** null if the license key is unknown. */
  readonly productId: number | null
  readonly view: FileView | RefusalView
}

/** Asks for a request. */
export const offlineForm = endpoint({
  method: 'GET',
  path: PATH,
  summary: 'Show the page for offline machines',
  isReadOnly: true,
  caller: LICENSE_HOLDER,
  outcomes: { 'turned-off': CODES.notFound },
  page: show,
  async handle({ db, env, now }) {
    if (!(await isPageOn(db))) return done({ kind: 'turned-off' }, now)
    // Without a key, the visit would be in vain.
    await fileKeyFor(env, {})
    const { body, headers } = htmlPage(RequestPage({ seller: deliverySettings(env).branding }))
    return new Response(body, { headers })
  },
})

/** Exchanges a request for a file. */
export const offlineFile = endpoint({
  path: PATH,
  summary: 'Get a license file on a page',
  caller: LICENSE_HOLDER,
  parameters: () => PARAMETERS,
  deviceIdentifier: ({ request }) => readOfflineRequest(request ?? '')?.identifier,
  outcomes: { ...CHECK_OUT_CODES, 'request-unreadable': CODES.incorrectData },
  page: show,
  answer: ({ productId, view }) => ({ fields: { view }, log: { product: productId } }),
  handle: exchange,
})

async function exchange(call: Call<z.output<typeof PARAMETERS>>): Promise<Done<Shown> | Refused> {
  const { env, parameters, now } = call
  const { request: text = '', download } = parameters
  const request = readOfflineRequest(text)
  if (request && (await isLicenseKeyLimitExceeded(env, { caller: LICENSE_HOLDER }, request))) {
    return refused('too-many-requests', null, LIMITERS.licenseKey.periodSeconds)
  }
  const key = request && (await fileKeyFor(env, request))
  const terms = key && fileTerms(env, request)
  // A request that cannot be answered takes the same way, so that it counts.
  const result = await checkOutOffline(call, terms)
  if (result.kind === 'refused' && result.reason !== 'license-key-unknown') return result
  if (!request || !terms || result.kind === 'refused') {
    return done(refusal(problemOf(request, terms), null, text), now)
  }
  const { outcome } = result
  if (outcome.kind !== 'checked-out') return done(refusal(outcome.kind, outcome.productId, text), now)
  const { productId, facts } = outcome
  const { productName, endsAt } = facts
  const file = await makeFile(key, outcome, terms, now)
  const { identifier } = request
  const isDownload = download === 1
  const view: FileView = { kind: 'file', file, request: text, productName, identifier, endsAt, isDownload }
  return done({ kind: 'checked-out', productId, view }, now)
}

/** @param terms undefined: the server has no key for the file that the request asks for */
function problemOf(request: OfflineRequest | undefined, terms: object | undefined) {
  if (!request) return 'request-unreadable'
  return terms ? 'license-key-unknown' : 'algorithm-unavailable'
}

function refusal(
  kind: Exclude<Shown['kind'], 'checked-out'>,
  productId: number | null,
  request: string,
): Shown {
  return { kind, productId, view: { kind: 'refusal', refusal: kind, request } }
}

function show(answer: Answer, env: Bindings): Page {
  const { code, fields } = answer
  const view = (fields?.view ?? refusalOfCode(answer)) as Shown['view']
  // Settings may be what is wrong.
  const seller = code.status < 500 ? deliverySettings(env).branding : undefined
  if (view.kind === 'refusal') return htmlPage(RefusalPage({ view, seller }))
  return view.isDownload ? downloadPage(view) : htmlPage(FilePage({ view, seller }))
}

/** For an answer that every endpoint may give. */
function refusalOfCode({ code, headers }: Answer): RefusalView {
  const retryAfter = headers?.['Retry-After']
  return {
    kind: 'refusal',
    refusal: kindOfStatus(code.status),
    retryAfterSeconds: retryAfter === undefined ? undefined : Number(retryAfter),
  }
}

function kindOfStatus(status: number): RefusalKind {
  if (status >= 500) return 'unavailable'
  if (status === CODES.tooManyRequests.status) return 'too-many-requests'
  return status === CODES.accessDenied.status ? 'access-denied' : 'request-unreadable'
}
