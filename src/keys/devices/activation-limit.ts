/** How many devices or domains a license key may be active on. */
import * as z from 'zod/mini'
import { checkSettings, numberSetting, oncePerIsolate } from '../../platform/settings.ts'
import { DEVICE, TAKES_SEAT } from './devices.ts'

const CAP_DEFAULT = 1_000
/** The largest limit that a license key can have. */
const CAP_MAX = 1_000_000

const settings = z.object({
  ACTIVATIONS_MAX: numberSetting(
    /^([1-9]\d{0,5}|1000000)$/,
    `is not a whole number from 1 to ${CAP_MAX}`,
    CAP_DEFAULT,
  ),
})

/**
 * The most activations of a license key with the limit 0. Anyone who has the software and such a key could fill the
 * database otherwise. A limit above 0 was bought and stays.
 */
export const activationsMax = oncePerIsolate((bindings) => checkSettings(settings, bindings).ACTIVATIONS_MAX)

/** The active devices that count, and the freed ones whose license file is still valid, without the requested device. */
const SEATS_TAKEN = `((select count(*) from activations
    where activations.license_key_id = license_keys.id and activations.takes_seat)
  + (select count(distinct released.identifier) from released_devices as released
    where released.license_key_id = license_keys.id and released.seat_taken_until > :now
      and released.identifier <> ${DEVICE}
      and not exists (select 1 from activations where activations.license_key_id = license_keys.id
        and activations.identifier = released.identifier)))`

/**
 * An SQL condition: the current row of `license_keys` has no free activation for the device. Development domains only
 * have the cap. Placeholders: `activationsMax`, `now`, and those of devices.ts.
 */
export const LIMIT_IS_REACHED = `iif(${TAKES_SEAT},
  iif(license_keys.activation_limit > 0, license_keys.activation_limit, :activationsMax) <= ${SEATS_TAKEN},
  max(license_keys.activation_limit, :activationsMax)
    <= (select count(*) from activations where activations.license_key_id = license_keys.id))`
