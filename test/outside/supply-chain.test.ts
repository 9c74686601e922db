/** What is installed is exactly what was reviewed. */
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { expect, it } from 'vitest'
import { project } from './support/clone.ts'

/** Registries of users may mirror it, so the lock file names none. */
const NPM = 'https://registry.npmjs.org/'

interface Locked {
  readonly version?: string
  readonly resolved?: string
  readonly integrity?: string
  readonly link?: true
  readonly dependencies?: Readonly<Record<string, string>>
  readonly optionalDependencies?: Readonly<Record<string, string>>
}

const read = (name: string) => JSON.parse(readFileSync(path.join(project, name), 'utf8'))
const manifest: Readonly<Record<string, Readonly<Record<string, string>>>> = read('package.json')
const locked = Object.entries<Locked>(read('package-lock.json').packages).filter(([folder]) => folder !== '')

it('every package of the lock file has a SHA-512, also those of other platforms', () => {
  expect(locked.length).toBeGreaterThan(300)
  const unchecked = locked.filter(([, { integrity }]) => !integrity?.startsWith('sha512-'))
  expect(unchecked.map(([folder]) => folder)).toEqual([])
})

it('no package comes from anywhere but the registry of npm', () => {
  const foreign = locked.filter(([, { link, resolved = NPM }]) => link || !resolved.startsWith(NPM))
  expect(foreign.map(([folder]) => folder)).toEqual([])
})

it('every dependency has an exact version, which the lock file has too', () => {
  const versions = new Map(locked.map(([folder, { version }]) => [folder, version]))
  for (const [name, version] of Object.entries({ ...manifest.dependencies, ...manifest.devDependencies })) {
    expect(version, name).toMatch(/^\d+\.\d+\.\d+(-[\w.]+)?$/)
    expect(versions.get(`node_modules/${name}`), name).toBe(version)
  }
})

it('every package that another one needs is in the lock file, so that npm ci installs it', () => {
  const folders = new Set(locked.map(([folder]) => folder))
  /** Node.js looks for a package in each folder above the one that needs it. */
  function isLocked(name: string, from: string): boolean {
    if (folders.has(path.posix.join(from, 'node_modules', name))) return true
    return from !== '.' && isLocked(name, path.posix.dirname(from))
  }
  const missing = locked.flatMap(([folder, { dependencies, optionalDependencies }]) =>
    Object.keys({ ...dependencies, ...optionalDependencies }).filter((name) => !isLocked(name, folder)),
  )
  expect(missing).toEqual([])
})
