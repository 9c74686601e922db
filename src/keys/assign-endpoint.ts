/** `POST /api/v1/assign-license-key`: assigns one certain license key to an owner. */
import * as z from 'zod/mini'
import { authenticatedEndpoint } from '../http/authenticated.ts'
import { answerToOperation } from '../protocol/answers.ts'
import { CODES, type Code } from '../protocol/codes.ts'
import { emailAddress, licenseKey, optional, ownerName } from '../protocol/fields.ts'
import { type Assigned, assignLicenseKey as assign } from './assign.ts'

const ASSIGNED: Record<Assigned['kind'], Code> = {
  'not-assignable': CODES.licenseKeyNotAssignable,
  assigned: CODES.licenseKeyAssigned,
}

export const assignLicenseKey = authenticatedEndpoint({
  path: '/api/v1/assign-license-key',
  access: 'assign',
  parameters: () =>
    z.object({
      license_key: licenseKey,
      owner_name: optional(ownerName),
      email: optional(emailAddress('email')),
    }),

  async handle({ settings, parameters, request }) {
    const assigned = await assign(settings.db, request, {
      licenseKey: parameters.license_key,
      ownerName: parameters.owner_name,
      ownerEmail: parameters.email,
    })
    return answerToOperation(settings, assigned, ({ kind }) => ({ code: ASSIGNED[kind] }))
  },
})
