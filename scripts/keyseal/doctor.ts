/** `keyseal doctor`: looks at everything a service needs, and names the command that mends what is wrong. */
import { type Command, Option } from 'commander'
import type { Place } from '../database.ts'
import { addCommand, type Told } from './command.ts'
import {
  checkConfiguration,
  checkMigrations,
  checkQueue,
  checkSecrets,
  type Finding,
} from './doctor-checks.ts'
import { checkService } from './doctor-service.ts'
import { localOrigin, originOf } from './service.ts'

export function addDoctor(program: Command): void {
  addCommand<{ url?: string }>(
    program,
    {
      usage: 'doctor',
      summary: 'look for what is wrong, and say what mends it; writes nothing, exit code 1 if anything is',
      options: [new Option('--url <url>', 'the service; the local one unless given')],
    },
    async ({ options: { url }, place }) => told(await examine(place, url)),
  )
}

async function examine(place: Place, url: string | undefined): Promise<Finding[]> {
  const origin = url === undefined ? undefined : originOf(url)
  return [
    ...(await checkConfiguration(place)),
    await checkSecrets(place),
    await checkMigrations(place),
    await checkQueue(place),
    ...(await findingsOfService(place, origin)),
  ]
}

async function findingsOfService(place: Place, origin: string | undefined): Promise<Finding[]> {
  if (origin === undefined && place === 'remote') {
    const finding = 'give its address: --url https://keyseal.example.workers.dev'
    return [{ check: 'service', status: 'not checked', finding }]
  }
  return checkService(origin ?? localOrigin(), place)
}

function told(findings: readonly Finding[]): Told {
  if (findings.some(({ status }) => status === 'wrong')) process.exitCode = 1
  return {
    value: findings,
    print() {
      for (const { check, status, finding, remedy } of findings) {
        console.log(`${status.padEnd(11)}  ${check}: ${finding}`)
        if (remedy) console.log(`${' '.repeat(13)}to mend it: ${remedy}`)
      }
    },
  }
}
