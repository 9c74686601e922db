/** The README's examples, as printed there. */
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { project } from './clone.ts'

export const readme = readFileSync(path.join(project, 'README.md'), 'utf8')

/** @param mark the comment before the example, such as `run: issue` */
export function example(mark: string): string {
  const found = new RegExp(`<!-- ${mark} -->\\n\`\`\`\\w+\\n([\\s\\S]*?)\`\`\``).exec(readme)?.[1]
  if (!found) throw new Error(`README.md has no example marked "${mark}".`)
  return found
}
