/** Derives the report from the measurements. */
import { type Measurement, type Round, summary } from './measure.ts'
import type { GrowthReport, TaskReport } from './report.ts'
import { quotients, type Ratio, ratio, spread } from './statistics.ts'
import { ORDER_OF_1000, ORDER_OF_ONE, PAID_WEBHOOK } from './tasks.ts'

/** The rounds of one server at one task; empty if it was not measured. */
function roundsOf(measured: readonly Measurement[], task: string, name: string): readonly Round[] {
  return measured.find((one) => one.task.name === task && one.name === name)?.rounds ?? []
}

function tasksOf(measured: readonly Measurement[]): string[] {
  return [...new Set(measured.map(({ task }) => task.name))]
}

/** Compares the product, the floor and the straightforward Worker, as far as they were measured. */
export function tasksReport(measured: readonly Measurement[]): TaskReport[] {
  return tasksOf(measured).map((task) => {
    const product = roundsOf(measured, task, 'product')
    const floor = roundsOf(measured, task, 'floor')
    const straightforward = roundsOf(measured, task, 'straightforward')
    return {
      task,
      product: summary(product),
      floor: summary(floor),
      toFloor: ratio(product.map(speed), floor.map(speed)),
      cpuToFloor: ratio(product.map(cpuMs), floor.map(cpuMs)),
      ...(straightforward.length > 0 && {
        straightforward: summary(straightforward),
        toStraightforward: ratio(product.map(speed), straightforward.map(speed)),
      }),
    }
  })
}

/** Paid webhooks per second divided by orders of one key per second, of the product. */
export function webhookToOrder(measured: readonly Measurement[]): Ratio {
  const [webhooks, orders] = [PAID_WEBHOOK, ORDER_OF_ONE].map(({ name }) =>
    roundsOf(measured, name, 'product').map(speed),
  )
  return ratio(webhooks ?? [], orders ?? [])
}

/** The increase of CPU time from 1 to 1,000 keys, of the product divided by that of the floor. */
export function cpuPerKey(measured: readonly Measurement[]): Ratio {
  function rises(name: string): number[] {
    const small = roundsOf(measured, ORDER_OF_ONE.name, name)
    const large = roundsOf(measured, ORDER_OF_1000.name, name)
    return large.map((round, index) => cpuMs(round) - (small[index]?.cpuMsPerRequest ?? Number.NaN))
  }
  return ratio(rises('product'), rises('floor'))
}

/** Compares the product and the floor on a full and on a nearly empty database. */
export function growthReport(measured: readonly Measurement[]): GrowthReport[] {
  return tasksOf(measured).map((task) => {
    const times = (name: string) => roundsOf(measured, task, name).map(({ p50Ms }) => p50Ms)
    const product = quotients(times('full product'), times('product'))
    const floor = quotients(times('full floor'), times('floor'))
    return { task, product: spread(product), floor: spread(floor), toFloor: ratio(product, floor) }
  })
}

function speed({ requestsPerSecond }: Round): number {
  return requestsPerSecond
}

function cpuMs({ cpuMsPerRequest }: Round): number {
  return cpuMsPerRequest
}
