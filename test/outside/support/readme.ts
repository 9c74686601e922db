/** The documents and their examples. */
import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { project } from './clone.ts'

const FOLDERS = ['.', 'docs', 'examples', 'clients/javascript', 'clients/php', 'clients/python']

/** The Markdown documents by path. */
export const documents: ReadonlyMap<string, string> = new Map(
  FOLDERS.flatMap(markdownIn).map((name) => [name, read(name)]),
)

export const readme = read('README.md')

/** @param mark the comment before the example, such as `run: issue` */
export function example(mark: string): string {
  const pattern = new RegExp(`<!-- ${mark} -->\\n *\`\`\`\\w+\\n([\\s\\S]*?)\`\`\``, 'g')
  const found = [...documents.values()].flatMap((text) =>
    [...text.matchAll(pattern)].map((match) => match[1]),
  )
  const [only] = found
  if (only === undefined || found.length > 1) {
    throw new Error(`The documents have ${found.length} examples marked "${mark}", not one.`)
  }
  return only
}

function markdownIn(folder: string): string[] {
  const names = readdirSync(path.join(project, folder)).filter((name) => name.endsWith('.md'))
  return names.sort().map((name) => path.join(folder, name))
}

function read(name: string): string {
  return readFileSync(path.join(project, name), 'utf8')
}
