/** Statistics of several rounds, and how to print them. */

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((one, other) => one - other)
  const middle = Math.floor(sorted.length / 2)
  const [low = Number.NaN, high = Number.NaN] = [sorted[middle - 1], sorted[middle]]
  return sorted.length % 2 === 1 ? high : (low + high) / 2
}

/** A ratio with its smallest and greatest round, which show how reliable it is. */
export interface Ratio {
  readonly median: number
  readonly least: number
  readonly greatest: number
}

/** Divides round by round, because a busy machine slows both servers in a round. */
export function quotients(ones: readonly number[], others: readonly number[]): number[] {
  return ones.map((one, round) => one / (others[round] ?? Number.NaN))
}

export function spread(ratios: readonly number[]): Ratio {
  return { median: median(ratios), least: Math.min(...ratios), greatest: Math.max(...ratios) }
}

export function ratio(ones: readonly number[], others: readonly number[]): Ratio {
  return spread(quotients(ones, others))
}

/** Three significant digits, without trailing zeros. */
export function figure(value: number): string {
  if (Number.isNaN(value)) return 'unknown'
  return value >= 100 ? Math.round(value).toLocaleString('en') : String(Number(value.toPrecision(3)))
}
