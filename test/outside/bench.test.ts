import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { expect, it } from 'vitest'
import type { Report } from '../../bench/report.ts'
import type { Target } from '../../bench/targets.ts'
import { project, run } from './support/clone.ts'

const SMALL_TASKS = ['order, 1 key', 'verify', 'activate', 'check-out', 'paid webhook']
const LARGER_ORDERS = ['order, 10 keys', 'order, 100 keys', 'order, 1,000 keys']

it('the bench measures every task of every Worker and prints its targets', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'keyseal-bench-test-'))
  try {
    const file = path.join(folder, 'report.json')
    const { status, output } = run(project, 'node', 'bench/run.ts', '--smoke', '--json', file)
    expect(output).toMatch(/\| Target .*\| required/)
    expect(status).toBe(0)

    const report = JSON.parse(readFileSync(file, 'utf8')) as Report & { readonly targets: readonly Target[] }
    expect(report.tasks.map(({ task }) => task)).toEqual([...SMALL_TASKS, ...LARGER_ORDERS])
    expect(report.atDistance.tasks.map(({ task }) => task)).toEqual(SMALL_TASKS)
    for (const { task, product, floor, straightforward, toFloor } of report.tasks) {
      expect(straightforward !== undefined).toBe(task.startsWith('order'))
      for (const { requestsPerSecond, p50Ms, p99Ms } of [
        product,
        floor,
        ...(straightforward ? [straightforward] : []),
      ]) {
        expect(requestsPerSecond).toBeGreaterThan(0)
        expect(p50Ms).toBeGreaterThan(0)
        expect(p99Ms).toBeGreaterThanOrEqual(p50Ms)
      }
      expect(toFloor.median).toBeGreaterThan(0)
    }
    // One round trip of 50 ms instead of three: true on any machine.
    const [order] = report.atDistance.tasks
    expect(order?.toStraightforward?.median).toBeGreaterThan(1.5)
    expect(report.webhookToOrder.median).toBeGreaterThan(0)
    expect(report.growth.tasks.map(({ task }) => task)).toEqual([
      'order, 1 key',
      'order, 100 keys',
      'order, 1,000 keys',
    ])
    expect(report.startUp.product.ms).toBeGreaterThan(report.startUp.empty.ms)
    expect(report.bodies.length).toBe(12)
    expect(report.targets.length).toBe(20)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
})

it('the bench prints its usage for an invalid option', () => {
  const { status, output } = run(project, 'node', 'bench/run.ts', '--rounds', '2')
  expect(status).toBe(1)
  expect(output).toContain('Usage: npm run bench')
})
