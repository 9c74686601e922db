/** Devices without the network: another device brings the request to the server and the file back. */
import { base64UrlOf } from './bytes.ts'
import { type License, reasonOf } from './license.ts'
import { type FileReading, isFromTheFuture } from './license-file-contents.ts'
import type { Settings } from './options.ts'
import { refreshTime } from './schedule.ts'
import { type Reason, type Status, statusOf } from './state.ts'
import { withBroughtFile } from './stored.ts'

export interface OfflineRequest {
  /** To copy and paste. */
  readonly text: string
  /** To show as a QR code. The page gets the text in the fragment, which browsers do not send. */
  readonly url: string
}

/** @param licenseKey is remembered, because it decrypts the file that comes back */
export async function offlineRequest(
  license: License,
  { server, algorithm }: Settings,
  licenseKey: string,
): Promise<OfflineRequest> {
  const identifier = await license.identifier()
  await license.change((stored) => ({ ...stored, pendingKey: licenseKey }))
  const text = base64UrlOf(JSON.stringify({ license_key: licenseKey, identifier, algorithm }))
  return { text, url: `${server}/offline#${text}` }
}

/** @param text a license file for the license key of the last request, or for the stored one */
export async function acceptFile(license: License, text: string): Promise<Status> {
  const { stored } = await license.look()
  let reason: Reason = 'file-invalid'
  for (const licenseKey of [stored.pendingKey, stored.licenseKey]) {
    if (licenseKey === null) continue
    const reading = await license.read(text, licenseKey)
    if (reading.kind === 'read') return takeBroughtFile(license, licenseKey, text, reading)
    reason = reasonOf(reading.kind)
  }
  return license.withReason(reason)
}

async function takeBroughtFile(
  license: License,
  licenseKey: string,
  text: string,
  { file }: FileReading & { kind: 'read' },
): Promise<Status> {
  const { reading, now } = await license.look()
  if (isFromTheFuture(file, now)) return statusOf('clock-set-back')
  const storedIssued = reading?.kind === 'read' ? reading.file.issued : null
  const newFile = { licenseKey, text, refreshAt: refreshTime(file, Math.random()) }
  await license.change((stored) => withBroughtFile(stored, newFile, file.issued, storedIssued))
  return (await license.look()).status
}
