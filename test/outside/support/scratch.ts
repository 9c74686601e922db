/** A folder for what the test files of one run have in common: made before the first, removed after the last. */
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
  // Programs are started by the hundred: each would compile wrangler and all that the commands import anew.
  process.env.NODE_COMPILE_CACHE ??= path.join(scratch, 'compiled')
  const hook = pathToFileURL(path.join(project, 'scripts/quick-drizzle.js')).href
  process.env.NODE_OPTIONS = `${process.env.NODE_OPTIONS ?? ''} --import=${hook}`
  makeMigratedState(path.join(scratch, 'migrated-state'))
  return () => rmSync(scratch, { recursive: true, force: true })
}

/** What wrangler keeps of a database that is migrated and empty: it takes seconds to make one. */
function makeMigratedState(as: string): void {
  const clone = cloneProject()
  runWrangler(clone, 'd1', 'migrations', 'apply', 'DB', '--local')
  renameSync(path.join(clone, '.wrangler/state'), as)
  removeClone(clone)
}
