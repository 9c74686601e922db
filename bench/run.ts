/** `npm run bench`: compares the speed of Keyseal with two other Workers. See bench/README.md. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { parseArgs } from 'node:util'
import { FULL, measure, type Scale, SMOKE } from './suite.ts'
import { printReport } from './tables.ts'
import { targetsOf } from './targets.ts'

const USAGE = `Usage: npm run bench -- [--rounds N] [--json FILE] [--check] [--smoke]

  --rounds  repetitions of each measurement, at least 5 (default: ${FULL.rounds}); more rounds give steadier ratios
  --json    write all figures to this file
  --check   exit with an error if a target is missed
  --smoke   run one short round of everything, to show that it works`

const ROUNDS_MIN = 5

const { values: options } = parseArgs({
  options: {
    rounds: { type: 'string', default: String(FULL.rounds) },
    json: { type: 'string' },
    check: { type: 'boolean', default: false },
    smoke: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
})
const rounds = Number(options.rounds)
if (options.help) console.log(USAGE)
else if (Number.isInteger(rounds) && rounds >= ROUNDS_MIN)
  await bench(options.smoke ? SMOKE : { ...FULL, rounds })
else {
  console.error(USAGE)
  process.exitCode = 1
}

async function bench(scale: Scale): Promise<void> {
  const folder = mkdtempSync(path.join(tmpdir(), 'keyseal-bench-'))
  try {
    const report = await measure(folder, scale)
    const targets = targetsOf(report)
    printReport(report, targets)
    if (options.json) writeFileSync(options.json, `${JSON.stringify({ ...report, targets }, null, 2)}\n`)
    if (options.check && targets.some((target) => !target.isMet)) process.exitCode = 1
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
