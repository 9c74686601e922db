/** A clone with its service, in which the examples run. */
import { spawn, spawnSync } from 'node:child_process'
import { mkdtempSync } from 'node:fs'
import path from 'node:path'
import { inject } from 'vitest'
import { type ClientDriver, drive } from '../../clients/support/client-driver.ts'
import { freePort, type Running, removeClone, startService } from '../../support/clone.ts'
import { cloneWithDatabase } from '../../support/keyseal.ts'
import { buy, type Purchase } from '../../support/purchase.ts'

const READY = /\ncurl -s .*\n/
const DAY_MS = 86_400_000

export class LocalService {
  port = 0
  #clone: string | undefined
  #running: Running | undefined

  /** Its folder. Tests that are skipped make none. */
  get clone(): string {
    this.#clone ??= cloneWithDatabase()
    return this.#clone
  }

  get origin(): string {
    return `http://127.0.0.1:${this.port}`
  }

  async start(): Promise<void> {
    this.port ||= await freePort()
    this.#running = await startService(this.clone, this.port, READY)
  }

  async stop(): Promise<void> {
    await this.#running?.interrupt()
    this.#running = undefined
  }

  async remove(): Promise<void> {
    await this.stop()
    if (this.#clone !== undefined) removeClone(this.#clone)
  }

  buy(): Purchase {
    return buy(this.clone, this.port)
  }

  /** Activates other devices. */
  async activate(licenseKey: string, ...identifiers: string[]): Promise<void> {
    for (const identifier of identifiers) {
      const fields = { api_key: 'demo-api-key', license_key: licenseKey, identifier }
      await this.#post('/api/v1/activate', fields)
    }
  }

  /** What a person gets from the page /offline. */
  async exchangeOffline(request: string): Promise<string> {
    return this.#post('/offline', { request, download: '1' })
  }

  async #post(address: string, form: Record<string, string>): Promise<string> {
    // The service may have been restarted since the last request.
    const headers = { Connection: 'close' }
    const options = { method: 'POST', headers, body: new URLSearchParams(form) }
    return (await fetch(this.origin + address, options)).text()
  }

  /** The environment of an example on a computer of its own. */
  newComputer(): Record<string, string> {
    const folder = mkdtempSync(path.join(inject('scratch'), 'computer-'))
    return { PORT: String(this.port), HOME: folder, XDG_CONFIG_HOME: folder, APPDATA: folder }
  }

  /** Starts a program that obeys lines of JSON. */
  drive(command: string, computer: Record<string, string>, days = 0): ClientDriver {
    const env = this.#environment(computer, days)
    return drive(spawn('bash', ['-c', command], { cwd: this.clone, env, stdio: ['pipe', 'pipe', 'inherit'] }))
  }

  /** @param days how far the clock of Node.js is ahead */
  #environment(computer: Record<string, string>, days = 0): NodeJS.ProcessEnv {
    const shift = `{const{now}=Date;Date.now=()=>now()+${days * DAY_MS}}`
    const NODE_OPTIONS = days === 0 ? '' : `--import=data:text/javascript,${shift}`
    return { ...process.env, ...computer, NODE_OPTIONS, NODE_NO_WARNINGS: '1' }
  }

  /** Runs a command in the clone. @returns what it printed, without the lines of npm */
  shell(
    command: string,
    computer: Record<string, string>,
    { input = '', days = 0 }: { input?: string; days?: number } = {},
  ): string {
    const options = {
      cwd: this.clone,
      env: this.#environment(computer, days),
      input,
      encoding: 'utf8',
    } as const
    const { stdout, stderr } = spawnSync('bash', ['-c', command], options)
    return (stdout + stderr).replaceAll(/^> .*\n/gm, '').trim()
  }
}
