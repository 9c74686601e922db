/** Runs programs on a terminal. */
import { spawn } from 'node:child_process'
import { isInstalled, type ProcessResult, run } from './clone.ts'

/** The `script` of BSD has other parameters. */
export const hasTerminal =
  isInstalled('script', '--version') && run('.', 'script', '--version').output.includes('util-linux')

/**
 * Runs a shell command whose input, output and errors are a terminal.
 *
 * @param keys typed after the question appears
 * @returns all output of the terminal
 */
export function onTerminal(
  folder: string,
  command: string,
  question?: string,
  keys = '',
): Promise<ProcessResult> {
  return new Promise((resolve, reject) => {
    const terminal = spawn('script', ['-qec', command, '/dev/null'], { cwd: folder })
    let output = ''
    let isAnswered = false
    terminal.stdout.setEncoding('utf8').on('data', (shown: string) => {
      output += shown
      if (isAnswered || question === undefined || !output.includes(question)) return
      isAnswered = true
      terminal.stdin.write(keys)
    })
    terminal.on('error', reject)
    terminal.on('close', (status) => resolve({ status, output }))
  })
}
