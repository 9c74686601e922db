/** `keyseal doctor`: looks at everything a service needs, and names the command that mends what is wrong. */
import { type Command, Option } from 'commander'
import type { Part } from '../../src/service/health.ts'
import { type Configuration, readConfiguration } from '../configuration.ts'
import type { Place } from '../database.ts'
import { addCommand, type CommandOutput } from './command.ts'
import { checkOtherBindings, faultOfDatabaseBinding } from './doctor-configuration.ts'
import { checkDatabase, databaseNotChecked } from './doctor-database.ts'
import { type Finding, isWrong, notChecked } from './doctor-finding.ts'
import { checkLocalKeys, checkRemoteKeys, faultOfAccount, keysNotChecked } from './doctor-keys.ts'
import { checkService } from './doctor-service.ts'
import { checkDeliverySettings, checkWebhookSecrets } from './doctor-settings.ts'
import { isLocal, localOrigin, originOf } from './service.ts'

export function addDoctor(program: Command): void {
  addCommand<{ url?: string }>(
    program,
    {
      usage: 'doctor',
      summary: 'find problems and the commands that fix them; changes nothing; exit code 1 if there are any',
      options: [new Option('--url <url>', 'the service; default: the local one at PORT or 8787')],
      remote: 'check production instead of .dev.vars, the local database and the local service',
    },
    async ({ options: { url }, place }) =>
      reportOutput(await examine(place, url === undefined ? undefined : originOf(url))),
  )
}

async function examine(place: Place, origin: string | undefined): Promise<Finding[]> {
  const configuration = readConfiguration()
  const account = place === 'remote' ? await faultOfAccount() : undefined
  const keys = account ? keysNotChecked(account.finding) : await checkKeys(place, configuration)
  const binding = faultOfDatabaseBinding(place, configuration)
  const because = account?.finding ?? binding?.finding
  const database = because === undefined ? await checkDatabase(place) : databaseNotChecked(because)
  const service = await checkServiceOf(place, origin, {
    'signing key': keys.some(isWrong),
    database: binding !== undefined,
    migrations:
      binding !== undefined || database.some((found) => isWrong(found) && found.check === 'migrations'),
  })
  const bindings = checkOtherBindings(configuration)
  const settings = [...checkDeliverySettings(place, configuration), ...checkWebhookSecrets(place)]
  return [account ?? [], binding ?? [], bindings, keys, settings, database, service].flat()
}

function checkKeys(place: Place, configuration: Configuration): Promise<Finding[]> {
  return place === 'remote' ? checkRemoteKeys(configuration) : checkLocalKeys(configuration)
}

async function checkServiceOf(
  place: Place,
  url: string | undefined,
  isFaulty: Readonly<Record<Part, boolean>>,
): Promise<Finding[]> {
  if (url === undefined && place === 'remote') {
    const remedy = 'npm run keyseal -- doctor --remote --url https://keyseal.<your-subdomain>.workers.dev'
    return [notChecked('service', 'its address is unknown', remedy)]
  }
  const origin = url ?? localOrigin()
  const parts = Object.keys(isFaulty) as Part[]
  // What is wrong here says nothing about a service elsewhere.
  const isOfThisPlace = isLocal(origin) === (place === 'local')
  return checkService(origin, new Set(parts.filter((part) => isOfThisPlace && isFaulty[part])))
}

function reportOutput(findings: readonly Finding[]): CommandOutput {
  if (findings.some(isWrong)) process.exitCode = 1
  return {
    value: findings,
    print() {
      for (const { check, status, finding, remedy } of findings) {
        console.log(`${status.padEnd(11)}  ${check}: ${finding}`)
        if (remedy)
          console.log(`${' '.repeat(13)}to ${status === 'not checked' ? 'check' : 'fix'} it: ${remedy}`)
      }
    },
  }
}
