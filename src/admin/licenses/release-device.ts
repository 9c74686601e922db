/** `DELETE /admin/v1/licenses/:id/devices/:device_id`: frees a device, within the rules of keys/devices/release-device.ts. */
import { defineOperation, perform } from '../../callers/operation.ts'
import { operatorAuthority } from '../../callers/operators.ts'
import { releaseDevice, releasesMax } from '../../keys/devices/release-device.ts'
import { licenseAudit } from '../../keys/license-audit.ts'
import { adminEndpoint } from '../endpoint.ts'
import { isoInstant } from '../fields.ts'
import { IS_LICENSE } from './change-license.ts'

type Released =
  | {
      readonly kind: 'deactivated'
      readonly identifier: string
      /** Milliseconds UTC. null: its seat is free now. */
      readonly seatTakenUntil: number | null
    }
  | { readonly kind: 'not-found' }

const IS_DEVICE = 'activations.id = :deviceId and activations.license_key_id = :id'

const SEAT_TAKEN_UNTIL = `(select released_devices.seat_taken_until from released_devices
  where released_devices.license_key_id = :id and released_devices.released_at = :now
    and released_devices.identifier = operations.outcome ->> 'identifier'
  order by released_devices.id desc limit 1)`

const release = defineOperation<Released>({
  authority: operatorAuthority({ role: 'support' }),
  name: 'licenses.release-device',
  decision: `coalesce((select json_object('kind', 'deactivated', 'identifier', activations.identifier)
      from activations where ${IS_DEVICE}), json_object('kind', 'not-found'))`,
  changes: ['deactivated'],
  writes: (sql) => [
    ...releaseDevice(sql, IS_LICENSE, IS_DEVICE),
    sql.addToOutcome(`'$.seatTakenUntil', ${SEAT_TAKEN_UNTIL}`, 'deactivated'),
  ],
  audit: () => ({
    ...licenseAudit(IS_LICENSE),
    state: `(select json_object('device', activations.identifier) from activations where ${IS_DEVICE})`,
  }),
})

export const releaseLicenseDevice = adminEndpoint({
  method: 'DELETE',
  path: '/licenses/:id/devices/:device_id',
  summary: 'Free a device of a license',
  role: 'support',
  problems: { 'not-found': 'not-found' },
  handle: (call) =>
    perform(call, release, {
      id: call.path.id,
      deviceId: call.path.device_id,
      releasesMax: releasesMax(call.env),
    }),
  answer: ({ identifier, seatTakenUntil }) => ({
    body: { identifier, seat_taken_until: isoInstant(seatTakenUntil) },
  }),
})
