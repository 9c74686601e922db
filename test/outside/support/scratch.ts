/** A folder shared by the test files of one run: created before the first, removed after the last. */
import { mkdtempSync, renameSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { pathToFileURL } from 'node:url'
import type { TestProject } from 'vitest/node'
import { cloneProject, project, removeClone } from './clone.ts'
import { runWrangler } from './local-database.ts'

declare module 'vitest' {
  interface ProvidedContext {
    scratch: string
  }
}

export default function setup({ provide }: TestProject): () => void {
  const scratch = mkdtempSync(path.join(tmpdir(), 'keyseal-scratch-'))
  provide('scratch', scratch)
  // Tests start hundreds of programs. The cache saves compiling wrangler and the commands each time.
  process.env.NODE_COMPILE_CACHE ??= path.join(scratch, 'compiled')
  const hook = pathToFileURL(path.join(project, 'scripts/quick-drizzle.js')).href
  process.env.NODE_OPTIONS = `${process.env.NODE_OPTIONS ?? ''} --import=${hook}`
  makeMigratedState(path.join(scratch, 'migrated-state'))
  return () => rmSync(scratch, { recursive: true, force: true })
}

/** wrangler's files of a migrated, empty database. Creating them takes seconds. */
function makeMigratedState(as: string): void {
  const clone = cloneProject()
  runWrangler(clone, 'd1', 'migrations', 'apply', 'DB', '--local')
  renameSync(path.join(clone, '.wrangler/state'), as)
  removeClone(clone)
}
