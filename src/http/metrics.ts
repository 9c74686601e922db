/**
 * Counters, where the binding METRICS is declared: one data point a request, in Workers Analytics Engine. They are
 * sampled and may be lost: good for graphs, never for accounts.
 */
import type { RequestRecord } from './request-record.ts'

/** @param metrics the binding, or undefined: nothing is counted */
export function writeMetrics(
  metrics: AnalyticsEngineDataset | undefined,
  record: RequestRecord,
  status: number,
  durationMs: number,
): void {
  const endpoint = record.endpoint ?? 'none'
  try {
    metrics?.writeDataPoint({
      indexes: [endpoint],
      blobs: [endpoint, record.method, String(record.code ?? '')],
      doubles: [status, durationMs, record.keys, record.roundTrips, record.rowsRead, record.rowsWritten],
    })
  } catch {
    // A request that was served stays served, whether or not it is counted.
  }
}
