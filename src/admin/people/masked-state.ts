/** What viewers see of the states in the audit: no owners, no addresses, no metadata, and of keys only the beginning. */
import { maskedKey } from '../masking.ts'

const MASK = '…'

/** Metadata may contain anything. */
const IS_PERSONAL = /owner|email|recipient|metadata/i
const IS_KEY = /key|token/i
const EMAIL_ADDRESS = /[^\s<>"']+@[^\s<>"']+/g

/** @param state JSON @param name of the member. The items of a list have the name of the list */
export function maskedState(state: unknown, name = ''): unknown {
  if (state === null) return null
  if (IS_PERSONAL.test(name)) return MASK
  if (Array.isArray(state)) return state.map((item) => maskedState(item, name))
  if (typeof state === 'object') {
    const members = Object.entries(state as object)
    return Object.fromEntries(members.map(([member, value]) => [member, maskedState(value, member)]))
  }
  if (typeof state !== 'string') return state
  return IS_KEY.test(name) ? maskedKey(state) : state.replaceAll(EMAIL_ADDRESS, MASK)
}
