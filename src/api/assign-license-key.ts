/** `POST /api/v1/assign-license-key`: assigns one certain license key to an owner. */
import * as z from 'zod/mini'
import { CODES, type Code } from '../envelope/codes.ts'
import { type Assigned, assignLicenseKey as assign } from '../licensing/assign.ts'
import { answerToOperation } from './answers.ts'
import { authenticatedEndpoint } from './authenticated.ts'
import { emailAddress, licenseKey, optional, ownerName } from './parameters.ts'

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
