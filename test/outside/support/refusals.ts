/** Commands that must fail with the reason and their usage, and print nothing else. */
import { beforeAll, expect, it } from 'vitest'
import type { CommandLine, CommandResult } from './keyseal.ts'

/** The words of a command, and the expected error. */
export type Refusal = readonly [words: readonly string[], fault: string]

/** Declares a test for each. The commands run before the first of these tests. */
export function itRefuses(commandLine: () => CommandLine, refusals: readonly Refusal[]): void {
  let results: CommandResult[]
  beforeAll(() => {
    results = refusals.map(([words]) => commandLine().run(...words))
  })
  it.each(refusals.map(([words, fault], index) => ({ words, fault, index })))(
    'rejects $words with the reason and the usage: $fault',
    ({ fault, index }) => {
      const { status, stdout, stderr } = results[index] ?? {}
      expect(status).toBe(1)
      expect(stdout).toBe('')
      expect(stderr).toContain(fault)
      expect(stderr).toMatch(/^Usage: npm run keyseal -- [a-z -]+ --help$/m)
      expect(stderr).not.toMatch(/\n\s+at /)
    },
  )
}
