/**
 * Counts the active devices of each product, again and again, in steps by the id of the activation. An hourly cron job
 * runs it. The count of a day is the last one that ended on it.
 *
 * A count of up to 10,000 devices takes one run, and a longer one at most a day. What changes behind its position in the
 * meantime is in the next count. Since every count starts anew, no error stays.
 */
import { bind, compileText, runBatch } from '../db/batch.ts'
import type { Bindings } from '../platform/settings.ts'
import { dayOf, positionOf } from './counts.ts'

const STEP_DEVICES = 5_000
const STEPS_MIN = 2
/** D1 allows 1,000 statements in one run. */
const STEPS_MAX = 200
/** Two fewer than a day has, so that each day gets a count. */
const RUNS_OF_A_COUNT = 22

const POSITION = positionOf('activations')
const DEVICES = `coalesce((select devices from statistics_positions where source = 'activations'), '{}')`
const NEXT = `(select activations.id, license_keys.product_id from activations
  cross join license_keys on license_keys.id = activations.license_key_id
  where activations.id > ${POSITION} order by activations.id limit ${STEP_DEVICES})`
const IS_COMPLETE = `not exists (select 1 from activations where id > ${POSITION})`

const addNext = compileText(`
  insert into statistics_positions (source, position, devices)
  select 'activations', coalesce((select max(id) from ${NEXT}), ${POSITION}), (
    select json_group_object(product_id, devices) from (select product_id, sum(devices) as devices from (
      select key as product_id, value as devices from json_each(${DEVICES})
      union all select cast(product_id as text), 1 from ${NEXT}) group by product_id))
  where true on conflict (source) do update set position = excluded.position, devices = excluded.devices`)

const storeCounts = compileText(`
  insert into statistics (day, product_id, active_devices)
  select ${dayOf(':now')}, cast(key as integer), value from json_each(${DEVICES}) where ${IS_COMPLETE}
  on conflict (day, product_id) do update set active_devices = excluded.active_devices
  where statistics.active_devices is not excluded.active_devices`)

/** A product that has no device anymore is counted as 0 once. */
const startAgain = compileText<{ position: number }>(`
  update statistics_positions set position = 0, devices = (
    select json_group_object(key, 0) from json_each(${DEVICES}) where value > 0)
  where source = 'activations' and ${IS_COMPLETE} returning position`)

/** At least as high as the number of devices. */
const selectHighestId = compileText<{ id: number | null }>('select max(id) as id from activations')

/** @param now milliseconds UTC */
export async function countDevices({ DB }: Bindings, now: number): Promise<void> {
  let stepsMax = STEPS_MIN
  for (let steps = 0; steps < stepsMax; steps++) {
    const [, , completed, [highest]] = await runBatch(DB, [
      bind(addNext, {}),
      bind(storeCounts, { now }),
      bind(startAgain, {}),
      bind(selectHighestId, {}),
    ])
    if (completed.length > 0) return
    const stepsOfDay = Math.ceil((highest?.id ?? 0) / STEP_DEVICES / RUNS_OF_A_COUNT)
    stepsMax = Math.min(STEPS_MAX, Math.max(STEPS_MIN, stepsOfDay))
  }
}
