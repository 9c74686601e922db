/**
 * What every endpoint for the holders of contracts does first, in this order: size, type, parse, a contract key given
 * at all (100), parameters (804). Whether the contract key is good, and whether the contract permits what is asked
 * for, is decided in the endpoint's own database batch.
 */
import * as z from 'zod/mini'
import {
  agreedContractKey,
  bearerContractKey,
  type ContractHolder,
  type HolderRefusal,
  holderValues,
} from '../callers/contract-holders.ts'
import { networksContaining } from '../callers/networks.ts'
import type { Decision, OperationRequest, Performed } from '../callers/operation.ts'
import { metered } from '../db/metered.ts'
import type { Settings } from '../env.ts'
import { answerToOperation, type Presentation } from '../protocol/answers.ts'
import { CODES, type Code } from '../protocol/codes.ts'
import type { Answer, Call, Endpoint } from '../protocol/endpoint.ts'
import { checkFields, optional, plainText } from '../protocol/fields.ts'
import { idempotencyKeyOf, incorrectData, receive } from './received.ts'
import { noteParameters } from './request-record.ts'

/** What an endpoint for holders is given. */
export interface HolderCall<Parameters> {
  readonly settings: Settings
  /** Milliseconds UTC. */
  readonly now: number
  readonly holder: ContractHolder
  readonly parameters: Parameters
  /** The header `Idempotency-Key`: 1 to 255 visible ASCII characters. */
  readonly idempotencyKey: string | undefined
  /** All of this as the domain's operations want it. */
  readonly request: OperationRequest
}

interface Definition<Shape extends z.core.$ZodShape> {
  readonly method: 'GET' | 'POST'
  readonly path: `/${string}`
  readonly parameters: z.ZodMiniObject<Shape>
  readonly handle: (call: HolderCall<z.output<z.ZodMiniObject<Shape>>>) => Promise<Answer>
}

/** Why a holder is turned away, whatever it asked for. */
export const HOLDER_REFUSALS: Record<HolderRefusal | 'idempotency-key-reused', Code> = {
  'access-denied': CODES.accessDenied,
  'contract-not-found': CODES.contractNotFound,
  'permission-missing': CODES.capabilityMissing,
  'idempotency-key-reused': CODES.idempotencyKeyReused,
}

/** The names that clients give the contract key besides a bearer token; they send one of them, or several. */
const CREDENTIALS = z.object({
  contract_key: optional(plainText('contract_key', 255)),
  contract_uuid: optional(plainText('contract_uuid', 255)),
  api_key: optional(plainText('api_key', 255)),
})

/** An endpoint that takes a contract key. */
export function holderEndpoint<Shape extends z.core.$ZodShape>(definition: Definition<Shape>): Endpoint {
  const { method, path, parameters, handle } = definition

  async function handleCall({ request, settings, now, record }: Call): Promise<Answer> {
    const received = await receive(request)
    if (received.kind === 'unreadable') return received.answer
    const { fields } = received
    const bearer = bearerContractKey(request.headers.get('Authorization'))
    const given = Object.keys(CREDENTIALS.shape).filter((name) => isGiven(fields.values[name]))
    if (bearer === undefined && given.length === 0) return { code: CODES.apiKeyUnknown }

    const credentials = checkFields(CREDENTIALS, fields)
    const checked = checkFields(parameters, fields)
    const header = idempotencyKeyOf(request)
    if (credentials.kind === 'invalid' || checked.kind === 'invalid' || header.kind === 'invalid') {
      const all = [credentials, header, checked]
      return incorrectData(Object.assign({}, ...all.map((one) => (one.kind === 'invalid' ? one.errors : {}))))
    }

    noteParameters(record, checked.parameters)
    const keys = [bearer, ...Object.values(credentials.parameters)].filter((key) => key !== undefined)
    const holder: ContractHolder = {
      contractKey: agreedContractKey(keys),
      networks: networksContaining(request.headers.get('CF-Connecting-IP')),
    }
    const idempotencyKey = header.parameters['Idempotency-Key']
    return handle({
      settings: { ...settings, db: metered(settings.db, record) },
      now,
      holder,
      parameters: checked.parameters,
      idempotencyKey,
      request: {
        callerValues: holderValues(holder),
        idempotencyKey,
        parameters: checked.parameters,
        now,
      },
    })
  }

  return { method, path, access: 'contract-holder', parameters: () => parameters, handle: handleCall }
}

function isGiven(value: unknown): boolean {
  return value !== undefined && value !== null && value !== ''
}

/** As `answerToOperation`. */
export async function answerToHoldersOperation<Outcome extends Decision>(
  settings: Settings,
  performed: Performed<Outcome, HolderRefusal>,
  present: (outcome: Outcome) => Presentation,
): Promise<Answer> {
  if (performed.kind === 'refused') return { code: HOLDER_REFUSALS[performed.reason] }
  return answerToOperation(settings, performed, present)
}
