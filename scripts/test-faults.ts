/** `npm run test:faults`: runs the fault tests at full size or larger, optionally with a given seed. */
import { spawnSync } from 'node:child_process'
import { parseArgs } from 'node:util'

const USAGE = `Usage: npm run test:faults -- [--seed N] [--size small|full|large]

  --seed  repeats a run; each run prints its seed
  --size  full (default): 1,000 orders, 10 kills, 10,000 bad requests; large: ten times as much;
          small: as in npm test`

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: String(Math.floor(Math.random() * 2 ** 31)) },
    size: { type: 'string', default: 'full' },
    help: { type: 'boolean', default: false },
  },
})
const isValid = /^\d{1,10}$/.test(values.seed) && ['small', 'full', 'large'].includes(values.size)
if (values.help || !isValid) {
  console.log(USAGE)
  process.exitCode = values.help ? 0 : 1
} else {
  console.log(
    `Seed ${values.seed}. To repeat: npm run test:faults -- --seed ${values.seed} --size ${values.size}`,
  )
  const env = { ...process.env, FAULTS_SIZE: values.size, FAULTS_SEED: values.seed }
  process.exitCode = spawnSync('vitest', ['run', '/faults/'], { stdio: 'inherit', env }).status ?? 1
}
