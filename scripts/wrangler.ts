/** Runs wrangler without questions, telemetry and update checks. */
import { type ChildProcess, type ChildProcessByStdio, spawn } from 'node:child_process'
import path from 'node:path'
import type { Readable } from 'node:stream'

export const projectFolder = path.join(import.meta.dirname, '..')

const wranglerBin = path.join(projectFolder, 'node_modules/wrangler/bin/wrangler.js')
const wranglerCli = path.join(projectFolder, 'node_modules/wrangler/wrangler-dist/cli.js')
const privateStarter = path.join(import.meta.dirname, 'run-wrangler-privately.ts')

const quiet = {
  CI: 'true',
  WRANGLER_SEND_METRICS: 'false',
  WRANGLER_SEND_ERROR_REPORTS: 'false',
  WRANGLER_HIDE_BANNER: 'true',
  CLOUDFLARE_CF_FETCH_ENABLED: 'false',
}

/**
 * Runs wrangler until it exits.
 *
 * @param parameters of the command line
 * @returns its output
 * @throws Error with its output if it fails
 */
export async function runWrangler(...parameters: string[]): Promise<string> {
  return outputOf(spawnWrangler(parameters), parameters)
}

/**
 * Like `runWrangler`, for parameters that must not appear in the list of processes.
 *
 * @param signal stops wrangler; this waits until it has exited
 */
export async function runWranglerPrivately(
  parameters: readonly string[],
  signal?: AbortSignal,
): Promise<string> {
  const wrangler = spawn(process.execPath, ['--no-warnings', privateStarter, wranglerCli], {
    cwd: projectFolder,
    env: { ...process.env, ...quiet },
    stdio: ['pipe', 'pipe', 'pipe'],
    signal,
  })
  // If wrangler is stopped early, its exit code reports that below.
  wrangler.on('error', () => {})
  // If wrangler exits before it has read everything, its exit code reports that below.
  wrangler.stdin.on('error', () => {})
  wrangler.stdin.end(JSON.stringify(parameters))
  return outputOf(wrangler, parameters)
}

async function outputOf(wrangler: ChildProcess, parameters: readonly string[]): Promise<string> {
  let output = ''
  let errors = ''
  wrangler.stdout?.setEncoding('utf8').on('data', (chunk: string) => {
    output += chunk
  })
  wrangler.stderr?.setEncoding('utf8').on('data', (chunk: string) => {
    errors += chunk
  })
  const exitCode = await new Promise((resolve) => wrangler.on('close', resolve))
  if (exitCode === 0) return output
  throw new Error(`wrangler ${parameters.slice(0, 3).join(' ')} failed:\n${output}${errors}`.trim())
}

/** Starts wrangler. The caller stops it. */
export function spawnWrangler(parameters: readonly string[]): ChildProcessByStdio<null, Readable, Readable> {
  return spawn(process.execPath, [wranglerBin, ...parameters], {
    cwd: projectFolder,
    env: { ...process.env, ...quiet },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
}
