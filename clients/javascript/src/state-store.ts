/** Reads and writes what the app remembers. Changes are made one after the other. */
import type { KeysealStorage } from './options.ts'
import { parseStored, type Stored } from './stored.ts'

export type Change = (stored: Stored) => Stored

export class StateStore {
  readonly #storage: KeysealStorage
  #lastChange: Promise<unknown> = Promise.resolve()

  constructor(storage: KeysealStorage) {
    this.#storage = storage
  }

  /** Storage that cannot be read counts as empty. */
  async load(): Promise<Stored> {
    try {
      return parseStored(await this.#storage.read())
    } catch {
      return parseStored(null)
    }
  }

  /** @throws what the storage throws if it cannot be written */
  change(change: Change): Promise<void> {
    const result = this.#lastChange.then(() => this.#write(change))
    this.#lastChange = result.catch(() => {})
    return result
  }

  /** Another process may have written since, so the change is made to what is stored now. */
  async #write(change: Change): Promise<void> {
    const stored = await this.load()
    const changed = change(stored)
    if (JSON.stringify(changed) !== JSON.stringify(stored)) await this.#storage.write(JSON.stringify(changed))
  }
}
