/** What viewers see of the states in the audit: no owners, no addresses, no metadata, and of keys only the beginning. */
import { maskedKey } from '../masking.ts'

const MASK = '…'

/** Metadata may contain anything. */
const IS_PERSONAL = /owner|email|recipient|metadata/i
const IS_KEY = /key|token/i
const EMAIL_ADDRESS = /[^\s<>"']+@[^\s<>"']+/g

/** @param state JSON */
export function maskedState(state: unknown, name = ''): unknown {
  if (state === null || (typeof state === 'object' && !IS_PERSONAL.test(name)))
    return maskedMembers(state, name)
  if (IS_PERSONAL.test(name)) return MASK
  if (typeof state !== 'string') return state
  return IS_KEY.test(name) ? maskedKey(state) : state.replaceAll(EMAIL_ADDRESS, MASK)
}

/** The items of a list have its name. */
function maskedMembers(value: object | null, name: string): unknown {
  if (value === null) return null
  if (Array.isArray(value)) return value.map((item) => maskedState(item, name))
  return Object.fromEntries(
    Object.entries(value).map(([member, memberValue]) => [member, maskedState(memberValue, member)]),
  )
}
