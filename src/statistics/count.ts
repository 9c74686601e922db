/**
 * Counts what happened since the last run. A cron job runs it every minute.
 *
 * Guarantees: everything counts exactly once, even if a run is cut off, repeated or runs in parallel, because a batch
 * reads the positions, adds the counts and moves the positions in one transaction. A batch is bounded, so a long backlog
 * takes several runs. Issuing writes no row for the statistics.
 */
import { bind, compileText, runBatch } from '../db/batch.ts'
import type { Bindings } from '../platform/settings.ts'
import { refunds } from './refunds.ts'
import { SOURCES } from './sources.ts'

/** A run counts 60,000 rows of each source: more than D1 can write in a minute. */
const STEPS_MAX = 30

const ALL = [...SOURCES, refunds]
const STEP = ALL.flatMap(({ step }) => step)

/** An SQL expression: everything before this instant is counted. Placeholder: `now`. */
export const COUNTED_UNTIL = `min(${ALL.map(({ uncountedSince }) => `coalesce(${uncountedSince}, :now)`).join(', ')})`

const selectHasMore = compileText<{ hasMore: 0 | 1 }>(
  `select ${ALL.map(({ hasMore }) => hasMore).join(' or ')} as hasMore`,
)

/** @param now milliseconds UTC */
export async function countStatistics({ DB }: Bindings, now: number): Promise<void> {
  for (let steps = 0; steps < STEPS_MAX; steps++) {
    const results = await runBatch(DB, [
      ...STEP.map((statement) => bind(statement, { now })),
      bind(selectHasMore, { now }),
    ])
    const [row] = results.at(-1) as { hasMore: 0 | 1 }[]
    if (!row?.hasMore) return
  }
}
