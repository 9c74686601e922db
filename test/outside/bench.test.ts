import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { expect, it } from 'vitest'
import type { Report } from '../../bench/suite.ts'
import { project, run } from './support/clone.ts'

it('the bench runs, measures every Worker and says what was found', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'keyseal-bench-test-'))
  try {
    const file = path.join(folder, 'report.json')
    const { status, output } = run(project, 'node', 'bench/run.ts', '--smoke', '--json', file)
    expect(output).toMatch(/\| Target .*\| wanted/)
    expect(status).toBe(0)
    const report = JSON.parse(readFileSync(file, 'utf8')) as Report
    expect(report.sizes.map(({ quantity }) => quantity)).toEqual([1, 100])
    for (const { workers, toFloor, toStraightforward } of report.sizes) {
      expect(Object.keys(workers)).toEqual(['product', 'floor', 'straightforward'])
      for (const { requestsPerSecond, p50Ms, p99Ms } of Object.values(workers)) {
        expect(requestsPerSecond).toBeGreaterThan(0)
        expect(p50Ms).toBeGreaterThan(0)
        expect(p99Ms).toBeGreaterThanOrEqual(p50Ms)
      }
      expect(toFloor.median).toBeGreaterThan(0)
      expect(toStraightforward.median).toBeGreaterThan(0)
    }
    // One round trip of 50 ms against three is no question of the machine.
    expect(report.atDistance.toStraightforward.median).toBeGreaterThan(1.5)
    expect(report.targets.length).toBeGreaterThan(3)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}, 600_000)

it('the bench says how it is used when it is asked for what it does not do', () => {
  const { status, output } = run(project, 'node', 'bench/run.ts', '--rounds', '2')
  expect(status).toBe(1)
  expect(output).toContain('Usage: npm run bench')
})
