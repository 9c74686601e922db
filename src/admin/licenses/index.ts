/** The admin endpoints about licenses. */
import { listLicenses } from './list-licenses.ts'

export const LICENSE_ENDPOINTS = [listLicenses]
