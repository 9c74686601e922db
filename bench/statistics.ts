/** Figures of several rounds, and how they are told. */

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((one, other) => one - other)
  const middle = Math.floor(sorted.length / 2)
  const [low = Number.NaN, high = Number.NaN] = [sorted[middle - 1], sorted[middle]]
  return sorted.length % 2 === 1 ? high : (low + high) / 2
}

/** A ratio with the smallest and the greatest of its rounds, which tell how far to trust it. */
export interface Ratio {
  readonly median: number
  readonly least: number
  readonly greatest: number
}

/** Round by round, so that what slows the machine down for a while slows both. */
export function quotients(ones: readonly number[], others: readonly number[]): number[] {
  return ones.map((one, round) => one / (others[round] ?? Number.NaN))
}

export function spread(ratios: readonly number[]): Ratio {
  return { median: median(ratios), least: Math.min(...ratios), greatest: Math.max(...ratios) }
}

export function ratio(ones: readonly number[], others: readonly number[]): Ratio {
  return spread(quotients(ones, others))
}

/** Three significant digits, and no more zeros than that. */
export function figure(value: number): string {
  if (Number.isNaN(value)) return 'unknown'
  return value >= 100 ? Math.round(value).toLocaleString('en') : String(Number(value.toPrecision(3)))
}
