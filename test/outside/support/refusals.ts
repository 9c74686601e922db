/** Commands that must fail, say why and how they go, and print nothing else. */
import { beforeAll, expect, it } from 'vitest'
import type { CommandLine, Typed } from './keyseal.ts'

/** The words of a command, and what it must say. */
export type Refusal = readonly [words: readonly string[], fault: string]

/** Declares a test for each. They run one after the other, before the first of these tests. */
export function itRefuses(commandLine: () => CommandLine, refusals: readonly Refusal[]): void {
  let typed: Typed[]
  beforeAll(() => {
    typed = refusals.map(([words]) => commandLine().type(...words))
  })
  it.each(refusals.map(([words, fault], index) => ({ words, fault, index })))(
    'refuses $words, and says why and how it goes: $fault',
    ({ fault, index }) => {
      const { status, stdout, stderr } = typed[index] ?? {}
      expect(status).toBe(1)
      expect(stdout).toBe('')
      expect(stderr).toContain(fault)
      expect(stderr).toMatch(/^Usage: npm run keyseal -- [a-z -]+ --help$/m)
      expect(stderr).not.toMatch(/\n\s+at /)
    },
  )
}
