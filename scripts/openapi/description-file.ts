/** The file of the description, which is committed and served. */
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { projectFolder } from '../wrangler.ts'
import { describeApi } from './describe.ts'

export const descriptionFile = path.join(projectFolder, 'public/openapi.json')

/** @returns the content of the file */
export function descriptionText(): string {
  const { version } = JSON.parse(readFileSync(path.join(projectFolder, 'package.json'), 'utf8'))
  return `${JSON.stringify(describeApi(version), null, 1)}\n`
}
