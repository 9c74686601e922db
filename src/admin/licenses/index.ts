/** The admin endpoints about licenses. */
import { blockLicense, unblockLicense } from './block-license.ts'
import { exportLicenses } from './export-licenses.ts'
import { issueLicenses } from './issue-licenses.ts'
import { listLicenses } from './list-licenses.ts'
import { reissueLicense } from './reissue-license.ts'
import { releaseLicenseDevice } from './release-device.ts'
import { showLicense } from './show-license.ts'
import { licenseTimeline } from './timeline.ts'
import { updateLicense } from './update-license.ts'

export const LICENSE_ENDPOINTS = [
  listLicenses,
  issueLicenses,
  showLicense,
  updateLicense,
  blockLicense,
  unblockLicense,
  reissueLicense,
  releaseLicenseDevice,
  licenseTimeline,
  exportLicenses,
]
