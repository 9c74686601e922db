/** The files that are made of the description. */
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { projectFolder } from '../wrangler.ts'
import { describeApi } from './describe.ts'
import { renderPage } from './page.ts'

/** @returns the texts by their paths in the project */
export async function describeFiles(): Promise<Record<string, string>> {
  const { version } = JSON.parse(readFileSync(path.join(projectFolder, 'package.json'), 'utf8'))
  const text = `${JSON.stringify(describeApi(version), null, 1)}\n`
  // The page is made of what is served, and of nothing else.
  return { 'public/openapi.json': text, 'public/docs/index.html': await renderPage(JSON.parse(text)) }
}
