/** An app that uses the JavaScript client, with storage in memory and a clock that tests set. */
import { Keyseal, type KeysealOptions, type Status } from '../../../../clients/javascript/src/index.ts'
import {
  DAY_MS,
  DEVICE,
  ed25519Pair,
  type FileFacts,
  hexOfEd25519,
  LICENSE_KEY,
  makeFile,
  START,
} from './file-maker.ts'
import { answerPem, type LicenseServer } from './license-server.ts'

export const FILE_KEY = hexOfEd25519(ed25519Pair)
export const FILE_OPTIONS = { productId: 1, fileKeys: [FILE_KEY] }
export const ANSWER_OPTIONS = { productId: 1, answerKeys: [answerPem] }

/** Storage in memory. */
export class Memory {
  text: string | null = null
  writes = 0
  read(): string | null {
    return this.text
  }
  write(text: string): void {
    this.text = text
    this.writes++
  }
}

export interface App {
  readonly keyseal: Keyseal
  readonly memory: Memory
  readonly stored: () => Record<string, unknown>
  readonly setClock: (now: number) => void
}

export function startApp(
  server: Pick<LicenseServer, 'origin'>,
  options: Partial<KeysealOptions> = {},
  memory = new Memory(),
): App {
  let now = START
  const keyseal = new Keyseal({
    server: server.origin,
    apiKey: 'test-key',
    ...FILE_OPTIONS,
    ...ANSWER_OPTIONS,
    storage: { read: () => memory.read(), write: (text) => memory.write(text) },
    device: DEVICE,
    clock: () => now,
    ...options,
  })
  return {
    keyseal,
    memory,
    stored: () => JSON.parse(memory.text ?? '{}'),
    setClock: (time) => {
      now = time
    },
  }
}

/** An app that was activated at the start. Forgets the requests. */
export async function activatedApp(server: LicenseServer): Promise<App> {
  server.react = () => fileAnswer()
  const app = startApp(server)
  await app.keyseal.activate(LICENSE_KEY)
  server.requests.length = 0
  return app
}

/** Checks, and waits for the refresh in the background. @returns the status of the check */
export async function checkAndSettle({ keyseal }: Pick<App, 'keyseal'>): Promise<Status> {
  const status = await keyseal.check()
  await keyseal.settled()
  return status
}

/** The answer to a check-out at `now`, with a file for 14 days. */
export function fileAnswer(now = START, facts: Partial<FileFacts> = {}) {
  const file = makeFile({ issued: now, expiry: now + 14 * DAY_MS, ...facts })
  return { code: 2210, license_file: file, timestamp: Math.floor(now / 1000) }
}
