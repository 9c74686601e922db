/** From what was measured to what is reported. */
import { type Measurement, type Round, summary } from './measure.ts'
import type { GrowthReport, TaskReport } from './report.ts'
import { quotients, type Ratio, ratio, spread } from './statistics.ts'
import { ORDER_OF_1000, ORDER_OF_ONE, PAID_WEBHOOK } from './tasks.ts'

/** The rounds of one server at one task; of what was not measured none. */
function roundsOf(measured: readonly Measurement[], task: string, name: string): readonly Round[] {
  return measured.find((one) => one.task.name === task && one.name === name)?.rounds ?? []
}

function tasksOf(measured: readonly Measurement[]): string[] {
  return [...new Set(measured.map(({ task }) => task.name))]
}

/** What there is of the product, the floor and the straightforward. */
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

/** Requests a second of the product: paid webhooks, by orders of one key. */
export function webhookToOrder(measured: readonly Measurement[]): Ratio {
  const [webhooks, orders] = [PAID_WEBHOOK, ORDER_OF_ONE].map(({ name }) =>
    roundsOf(measured, name, 'product').map(speed),
  )
  return ratio(webhooks ?? [], orders ?? [])
}

/** From 1 key to 1,000: the rise of the CPU time, of the product by that of the floor. */
export function cpuPerKey(measured: readonly Measurement[]): Ratio {
  function rises(name: string): number[] {
    const small = roundsOf(measured, ORDER_OF_ONE.name, name)
    const large = roundsOf(measured, ORDER_OF_1000.name, name)
    return large.map((round, index) => cpuMs(round) - (small[index]?.cpuMsPerRequest ?? Number.NaN))
  }
  return ratio(rises('product'), rises('floor'))
}

/** What there is of the product and the floor, each on a full database and on one that is not. */
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
