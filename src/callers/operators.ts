/**
 * Operators: people and scripts that use the admin API, each with a token and a role.
 *
 * A token is 256 random bits. The database stores only its SHA-256. The holder of the Worker secret ADMIN_TOKEN is
 * root: it manages operators, in case all other tokens are lost, and may do nothing else.
 */
import { sha256HexOfText } from '../platform/hash.ts'
import { type Settings, settingError } from '../platform/settings.ts'
import { type Authority, authorityWithoutBlocklist } from './authority.ts'

/** Each role may do what the ones before it may. */
export const ROLES = ['viewer', 'support', 'owner'] as const
export type Role = (typeof ROLES)[number]

/** The token hash of root's row, which no other token has. */
const ROOT = 'root'

const ADMIN_TOKEN_CHARACTERS_MIN = 32

export interface OperatorRights {
  /** The least role that may call. */
  readonly role: Role
  /** Whether root may call too. */
  readonly root?: true
}

/** Accepts the token of an active operator with the role, or of a higher one. Placeholders: `tokenHash` and `now`. */
export function operatorAuthority({ role, root }: OperatorRights): Authority {
  const roles = [...ROLES.slice(ROLES.indexOf(role)), ...(root ? [ROOT] : [])]
  return authorityWithoutBlocklist(
    {
      table: 'operators',
      isCaller: 'operators.token_hash = :tokenHash',
      source: `'operator:' || operators.id`,
      role: 'operators.role',
    },
    'token-invalid',
    [
      [`(operators.status <> 'active')`, 'token-invalid'],
      ['(operators.expires_at is not null and operators.expires_at <= :now)', 'token-invalid'],
      [`(operators.role not in (${roles.map((name) => `'${name}'`).join()}))`, 'role-missing'],
    ],
  )
}

/** @returns what `operators.token_hash` contains for the token */
export async function tokenHashOf(settings: Settings, token: string): Promise<string> {
  const hash = await sha256HexOfText(token)
  if (adminTokenFault(settings)) return hash
  const rootHash = await sha256HexOfText(String(settings.ADMIN_TOKEN).trim())
  return crypto.subtle.timingSafeEqual(bytesOf(hash), bytesOf(rootHash)) ? ROOT : hash
}

function bytesOf(text: string): Uint8Array {
  return new TextEncoder().encode(text)
}

/** @returns what is wrong with ADMIN_TOKEN. Then there is no root, and the tokens of operators still work */
export function adminTokenFault(settings: Settings) {
  const { ADMIN_TOKEN: token } = settings
  if (typeof token !== 'string' || token.trim() === '') return settingError('ADMIN_TOKEN', 'is not set')
  if (token.trim().length >= ADMIN_TOKEN_CHARACTERS_MIN) return undefined
  return settingError('ADMIN_TOKEN', `has fewer than ${ADMIN_TOKEN_CHARACTERS_MIN} characters`)
}
