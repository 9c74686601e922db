/** What `keyseal doctor` looks at in `wrangler.toml`. */
import { QUEUE_OF } from '../../src/queue/messages.ts'
import { EVERY_MINUTE, HOURLY, NIGHTLY } from '../../src/service/schedules.ts'
import { type Configuration, databaseOf } from '../configuration.ts'
import type { Place } from '../database.ts'
import { type Finding, good, wrong } from './doctor-finding.ts'

/** git shows one change after the other, and takes back those that one says yes to. */
const putBack = (what: string) =>
  `git checkout -p HEAD -- wrangler.toml (answer y only for the change that removed ${what})`

/** @returns undefined where the database can be asked for */
export function faultOfDatabaseBinding(place: Place, configuration: Configuration): Finding | undefined {
  const database = databaseOf(configuration)
  if (!database) {
    const remedy = putBack('[[d1_databases]] binding = "DB"')
    return wrong('bindings', 'no database is bound as DB', remedy)
  }
  if (place === 'local' || !/^[0-]*$/.test(database.database_id ?? '')) return undefined
  const remedy = 'npx wrangler d1 create keyseal (then copy the database_id that it prints to wrangler.toml)'
  return wrong('bindings', 'the database id in wrangler.toml is a placeholder', remedy)
}

/** What else `wrangler.toml` must declare. */
export function checkOtherBindings({ queues, triggers }: Configuration): Finding[] {
  const consumed = queues?.consumers?.map((consumer) => consumer.queue) ?? []
  const crons = triggers?.crons ?? []
  const findings: Finding[] = []
  for (const name of new Set(Object.values(QUEUE_OF))) {
    const queue = queues?.producers?.find(({ binding }) => binding === name)?.queue
    if (!queue || !consumed.includes(queue) || !consumed.includes(`${queue}-dead`)) {
      const finding = `the queue ${name} has no producer, or lacks one of its two consumers`
      findings.push(wrong('bindings', finding, putBack('[[queues.producers]] or [[queues.consumers]]')))
    }
  }
  if (![EVERY_MINUTE, HOURLY, NIGHTLY].every((cron) => crons.includes(cron))) {
    findings.push(wrong('bindings', 'a schedule is missing', putBack('[triggers]')))
  }
  return findings.length > 0 ? findings : [good('bindings', 'queues and schedules are declared')]
}
