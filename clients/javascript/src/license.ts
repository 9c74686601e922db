/** The license of this device: what is stored, and how answers and files change it. */
import type { Answer } from './answer.ts'
import { ask, type Exchange, fileFields } from './ask.ts'
import { readFile } from './license-file.ts'
import { type FileFault, type FileReading, isFromTheFuture } from './license-file-contents.ts'
import type { Settings } from './options.ts'
import { attempted, LIMIT_REACHED_DELAY_MS, postponed, refreshTime } from './schedule.ts'
import { decide, type Reason, type Status, statusOf } from './state.ts'
import { type Change, StateStore } from './state-store.ts'
import { forgotten, isRefusal, REFUSALS, type Stored, withFile, withLimit, withRefusal } from './stored.ts'

/** The signed answers to `deactivate` after which this device has no license. */
const DEACTIVATED = ['400', '401', '202', '210']
const TRIAL_GIVEN = ['2211', '2212']

export interface Look {
  readonly stored: Stored
  /** The stored file, null if there is none, or if it does not matter. */
  readonly reading: FileReading | null
  readonly status: Status
  readonly now: number
}

type MakeChange = (change: Change) => Promise<void>

export class License {
  readonly #settings: Settings
  readonly #store: StateStore
  readonly change: MakeChange

  constructor(settings: Settings) {
    this.#settings = settings
    this.#store = new StateStore(settings.storage)
    this.change = (change) => this.#store.change(change)
  }

  /** Decides from what is stored, without the network. */
  async look(): Promise<Look> {
    const { clock, graceDays } = this.#settings
    const stored = await this.#store.load()
    const { licenseKey, file, refusal } = stored
    const reading =
      licenseKey === null || file === null || refusal !== null ? null : await this.read(file, licenseKey)
    const now = clock()
    return { stored, reading, now, status: decide({ stored, reading, now, graceDays }) }
  }

  async read(file: string, licenseKey: string): Promise<FileReading> {
    return readFile(file, { licenseKey, identifier: await this.identifier() }, this.#settings)
  }

  async identifier(): Promise<string> {
    const identifier = (await this.#settings.device()).trim()
    if (identifier === '') throw new TypeError('The option device gave an empty identifier.')
    return identifier
  }

  /** Asks for a license file, and activates this device if it is not. Any stored license may be replaced. */
  async activate(licenseKey: string): Promise<Status> {
    const exchange = await this.#checkOut(licenseKey)
    if (exchange.answer?.code !== '302') return this.#take(licenseKey, exchange, this.change)
    await this.#takeLimit(licenseKey, exchange.answer, this.change)
    return statusOf('limit-reached', { code: '302' })
  }

  /** Asks for a new file of the stored license key. The answer counts only while that key is stored. */
  async refresh(): Promise<Status> {
    const { stored, status } = await this.look()
    const { licenseKey } = stored
    if (licenseKey === null) return status
    const exchange = await this.#checkOut(licenseKey)
    const change = this.#onlyFor(licenseKey)
    if (exchange.answer?.code !== '302') return this.#take(licenseKey, exchange, change)
    await this.#takeLimit(licenseKey, exchange.answer, change)
    return { ...(await this.look()).status, code: '302' }
  }

  /** Frees the seat of this device and forgets the license. */
  async deactivate(): Promise<Status> {
    const { stored, status } = await this.look()
    const { licenseKey } = stored
    if (licenseKey === null) return status
    const asked = { licenseKey, identifier: await this.identifier() }
    const exchange = await ask(this.#settings, '/api/v1/deactivate', asked, {})
    const code = exchange.answer?.code ?? ''
    if (!DEACTIVATED.includes(code)) return this.#unchanged(exchange)
    await this.#onlyFor(licenseKey)(forgotten)
    return statusOf('unlicensed', { code })
  }

  /** Starts the trial of this device, or goes on with it. A license that works is kept. */
  async startTrial(): Promise<Status> {
    const { status } = await this.look()
    if (status.state === 'valid' || status.state === 'grace') return status
    const { productId } = this.#settings
    const asked = { licenseKey: null, identifier: await this.identifier() }
    const exchange = await ask(this.#settings, '/api/v1/start-trial', asked, {
      product_id: String(productId),
      ...fileFields(this.#settings),
    })
    const { answer } = exchange
    if (answer !== null && TRIAL_GIVEN.includes(answer.code)) {
      return this.#takeFile(String(answer.response.license_key), answer, this.change)
    }
    if (answer === null || !isRefusal(answer.code)) return this.#unchanged(exchange)
    // It names no license key, so there is nothing to store it for.
    return statusOf(REFUSALS[answer.code], { code: answer.code })
  }

  #onlyFor(licenseKey: string): MakeChange {
    return (change) => this.change((stored) => (stored.licenseKey === licenseKey ? change(stored) : stored))
  }

  async #checkOut(licenseKey: string): Promise<Exchange> {
    const { clock } = this.#settings
    const change = this.#onlyFor(licenseKey)
    await change((stored) => attempted(stored, clock(), Math.random()))
    const exchange = await this.#askForFile(licenseKey)
    await change((stored) => postponed(stored, clock(), exchange.retryAfter))
    return exchange
  }

  /** The answer that this device is not activated is odd for a request that activates it, so it is repeated once. */
  async #askForFile(licenseKey: string): Promise<Exchange> {
    const asked = { licenseKey, identifier: await this.identifier() }
    const fields = { activate: '1', ...fileFields(this.#settings) }
    const exchange = await ask(this.#settings, '/api/v1/check-out', asked, fields)
    if (exchange.answer?.code !== '202') return exchange
    return ask(this.#settings, '/api/v1/check-out', asked, fields)
  }

  async #take(licenseKey: string, exchange: Exchange, change: MakeChange): Promise<Status> {
    const { answer } = exchange
    if (answer?.code === '2210') return this.#takeFile(licenseKey, answer, change)
    const code = answer?.code
    if (answer === null || !isRefusal(code)) return this.#unchanged(exchange)
    await change((stored) => withRefusal(stored, licenseKey, code, answer.timestamp))
    return statusOf(REFUSALS[code], { code })
  }

  async #takeLimit(licenseKey: string, { timestamp }: Answer, change: MakeChange): Promise<void> {
    const refreshAt = this.#settings.clock() + LIMIT_REACHED_DELAY_MS
    await change((stored) => withLimit(stored, licenseKey, timestamp, refreshAt))
  }

  async #takeFile(licenseKey: string, answer: Answer, change: MakeChange): Promise<Status> {
    const { code, timestamp, response } = answer
    const text = String(response.license_file)
    const reading = await this.read(text, licenseKey)
    if (reading.kind !== 'read') return this.withReason(reasonOf(reading.kind))
    if (isFromTheFuture(reading.file, this.#settings.clock())) return statusOf('clock-set-back', { code })
    const refreshAt = refreshTime(reading.file, Math.random())
    await change(() => withFile({ licenseKey, text, refreshAt }, timestamp))
    return { ...(await this.look()).status, code }
  }

  /** What is stored goes on. An answer that says nothing about the license is shown by its code. */
  async #unchanged(exchange: Exchange): Promise<Status> {
    if (exchange.answer === null) return this.withReason(exchange.reason)
    return { ...(await this.withReason('refused')), code: exchange.answer.code }
  }

  async withReason(reason: Reason): Promise<Status> {
    return { ...(await this.look()).status, reason }
  }
}

export function reasonOf(fault: FileFault): Reason {
  return fault === 'tampered' ? 'file-invalid' : fault
}
