/** What a license key may be, in the protocol's words. */
export const LICENSE_KEY_STATUSES = ['available', 'assigned', 'reserved', 'blocked'] as const
export type LicenseKeyStatus = (typeof LICENSE_KEY_STATUSES)[number]
