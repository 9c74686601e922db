/** Programs on a terminal of their own, at which somebody types. */
import { spawn } from 'node:child_process'
import { type Ended, isInstalled, run } from './clone.ts'

/** The one of BSD takes other parameters. */
export const hasTerminal =
  isInstalled('script', '--version') && run('.', 'script', '--version').output.includes('util-linux')

/**
 * Runs a shell command whose input, output and errors are a terminal.
 *
 * @param keys typed once the question is on the screen
 * @returns all that the screen has shown
 */
export function onTerminal(folder: string, command: string, question?: string, keys = ''): Promise<Ended> {
  return new Promise((resolve, reject) => {
    const terminal = spawn('script', ['-qec', command, '/dev/null'], { cwd: folder })
    let output = ''
    let isAsked = false
    terminal.stdout.setEncoding('utf8').on('data', (shown: string) => {
      output += shown
      if (isAsked || question === undefined || !output.includes(question)) return
      isAsked = true
      terminal.stdin.write(keys)
    })
    terminal.on('error', reject)
    terminal.on('close', (status) => resolve({ status, output }))
  })
}
