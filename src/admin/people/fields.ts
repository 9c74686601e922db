/** The e-mail address of a person. */
import * as z from 'zod/mini'
import { emailAddress } from '../../protocol/fields.ts'
import { ERASED_EMAIL, NOT_SET } from '../../protocol/owner.ts'

/** Many orders have these. They do not identify a person. */
const SHARED = [NOT_SET, ERASED_EMAIL].map((text) => text.toLowerCase())

/** Letters of ASCII match in either case. */
export const personEmail = emailAddress('email').check(
  z.refine((email) => !SHARED.includes(String(email).toLowerCase()), {
    error: 'The email field must be the address of one person.',
  }),
)
