/**
 * Licensing for an app. A signed license file says what the app may do on this device and until when, so the app works
 * without the server. In the background, the file is refreshed long before it ends.
 */
import { License } from './license.ts'
import { acceptFile, type OfflineRequest, offlineRequest } from './offline.ts'
import { type KeysealOptions, readOptions, type Settings } from './options.ts'
import { isDue } from './schedule.ts'
import { type Status, statusOf } from './state.ts'

export { type Answer, type Question, readAnswer } from './answer.ts'
export { type FileVerdict, type VerifiedFile, verifyFile } from './license-file.ts'
export type { FileHolder } from './license-file-contents.ts'
export type { OfflineRequest } from './offline.ts'
export type { Algorithm, AnswerOptions, FileOptions, KeysealOptions, KeysealStorage } from './options.ts'
export type { Reason, State, Status } from './state.ts'

/** The highest time so far is stored when it is this much later, so that few checks write. */
const REMEMBER_TIME_AFTER_MS = 3_600_000

/** Create one for the whole app: its network requests are made one after the other. */
export class Keyseal {
  readonly #settings: Settings
  readonly #license: License
  #lastStatus: Status = statusOf('unlicensed')
  #lastTurn: Promise<unknown> = Promise.resolve()
  #refreshing: Promise<Status> | null = null

  /** @throws TypeError that names the option that is missing or wrong */
  constructor(options: KeysealOptions) {
    this.#settings = readOptions(options)
    this.#license = new License(this.#settings)
  }

  /**
   * Decides from what is stored, and never waits for the network. If a refresh is due, it starts one in the background.
   *
   * @throws Error only if the platform supports none of the keys, or if the option `device` throws
   */
  async check(): Promise<Status> {
    const { stored, status, now } = await this.#license.look()
    this.#lastStatus = status
    if (stored.licenseKey !== null && now - stored.highestTime > REMEMBER_TIME_AFTER_MS) {
      // If the disk is full, the status still counts.
      await this.#license
        .change((latest) => ({ ...latest, highestTime: Math.max(latest.highestTime, now) }))
        .catch(ignore)
    }
    if (isDue(stored, status.state, now)) this.#refreshOnce().catch(ignore)
    return status
  }

  /**
   * Whether the license was `valid` or `grace` and named the feature after the last call of another method. A refresh in
   * the background counts from the next check on, so that features do not change in between.
   */
  has(feature: string): boolean {
    return this.#lastStatus.features.includes(feature)
  }

  /**
   * Activates this device with a license key that a person typed. If the server refuses the key, a license of another key
   * stays.
   *
   * @throws what the storage throws if it cannot be written
   */
  async activate(key: string): Promise<Status> {
    const licenseKey = key.trim()
    if (licenseKey === '') return this.#license.withReason('refused')
    return this.#act(() => this.#inTurn(() => this.#license.activate(licenseKey)))
  }

  /** Asks the server now. While a refresh runs, all callers share it. */
  refresh(): Promise<Status> {
    return this.#act(() => this.#refreshOnce())
  }

  /** Frees the seat of this device. If the server cannot be reached, nothing changes. */
  deactivate(): Promise<Status> {
    return this.#act(() => this.#inTurn(() => this.#license.deactivate()))
  }

  /** Starts the trial of this device, or goes on with it. If a license works, it is kept and nothing is asked. */
  startTrial(): Promise<Status> {
    return this.#act(() => this.#inTurn(() => this.#license.startTrial()))
  }

  /** For a device without the network: a text that another device exchanges for a license file. */
  async offlineRequest(key: string): Promise<OfflineRequest> {
    return offlineRequest(this.#license, this.#settings, key.trim())
  }

  /** Accepts the license file that `offlineRequest` led to. */
  acceptFile(text: string): Promise<Status> {
    return this.#act(() => this.#inTurn(() => acceptFile(this.#license, text)))
  }

  /** Resolves when nothing runs in the background: for programs that exit soon, and `waitUntil` of Workers. */
  async settled(): Promise<void> {
    await this.#lastTurn
  }

  /** The status that comes back may be about another license key than the stored one, so `has` looks again. */
  async #act(work: () => Promise<Status>): Promise<Status> {
    const status = await work()
    this.#lastStatus = (await this.#license.look()).status
    return status
  }

  #refreshOnce(): Promise<Status> {
    this.#refreshing ??= this.#inTurn(() => this.#license.refresh()).finally(() => {
      this.#refreshing = null
    })
    return this.#refreshing
  }

  #inTurn(work: () => Promise<Status>): Promise<Status> {
    const result = this.#lastTurn.then(work)
    this.#lastTurn = result.catch(ignore)
    return result
  }
}

/** Failures in the background have no caller. */
function ignore(): void {}
