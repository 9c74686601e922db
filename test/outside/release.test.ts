/** `npm run release` in a clone with its own history. */
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { cloneProject, removeClone, run } from './support/clone.ts'

const CHANGED =
  '# Changelog\n\n## Unreleased\n\n### Added\n\n- Something.\n\n## 0.1.0 - 2026-01-01\n\n- The first.\n'

let folder: string

beforeAll(() => {
  folder = cloneProject()
  for (const name of ['test', 'bench']) rmSync(path.join(folder, name), { recursive: true })
  write('.gitignore', 'node_modules\n')
  write('CHANGELOG.md', CHANGED)
  const { scripts, ...others } = packageJson('package.json')
  write(
    'package.json',
    JSON.stringify({
      ...others,
      version: '0.1.0',
      scripts: { sbom: scripts.sbom, test: 'test ! -e broken' },
    }),
  )
  git('init', '--quiet', '--initial-branch', 'main')
  git('config', 'user.name', 'Ada')
  git('config', 'user.email', 'ada@example.com')
  commit()
})

afterAll(() => removeClone(folder))

function write(name: string, text: string): void {
  writeFileSync(path.join(folder, name), text)
}

function packageJson(name: string) {
  return JSON.parse(readFileSync(path.join(folder, name), 'utf8')) as {
    version: string
    scripts: { sbom: string }
  }
}

function git(...parameters: string[]): string {
  const { status, output } = run(folder, 'git', ...parameters)
  if (status !== 0) throw new Error(output)
  return output.trim()
}

function commit(): void {
  git('add', '--all')
  git('commit', '--quiet', '--message', 'Change something')
}

function release(...parameters: string[]) {
  return run(folder, 'node', 'scripts/release.ts', ...parameters)
}

describe('npm run release', () => {
  it.each([
    ['a missing version', [], 'VERSION is missing.'],
    ['a version with two numbers', ['0.2'], 'VERSION must be MAJOR.MINOR.PATCH, such as 0.2.0'],
    ['a version with a v', ['v0.2.0'], 'without a v and without a pre-release, not "v0.2.0".'],
    ['a pre-release', ['0.2.0-beta.1'], 'VERSION must be MAJOR.MINOR.PATCH, such as 0.2.0'],
    ['an extra argument', ['0.2.0', 'extra', '--skip-tests'], 'Unexpected argument: extra'],
    ['the current version', ['0.1.0'], 'VERSION must be greater than 0.1.0, not "0.1.0".'],
    ['an earlier version', ['0.0.9'], 'VERSION must be greater than 0.1.0, not "0.0.9".'],
  ])('rejects %s', (_, parameters, fault) => {
    const { status, output } = release(...parameters)
    expect(status).toBe(1)
    expect(output).toContain(fault)
    expect(output).not.toMatch(/\n\s+at /)
  })

  it('rejects uncommitted changes', () => {
    write('forgotten.txt', 'x')
    expect(release('0.2.0').output).toContain('There are uncommitted changes.')
    rmSync(path.join(folder, 'forgotten.txt'))
  })

  it('changes nothing if tests fail, unless they are skipped', () => {
    write('broken', 'x')
    commit()
    const before = git('rev-parse', 'HEAD')
    const { status, output } = release('0.2.0')
    expect(status).toBe(1)
    expect(output).toContain('npm test failed')
    expect(git('status', '--porcelain')).toBe('')
    expect(git('rev-parse', 'HEAD')).toBe(before)
    expect(git('tag')).toBe('')
  })

  it('moves unreleased changes to the version and date, commits and tags', () => {
    expect(release('0.10.0', '--skip-tests')).toMatchObject({ status: 0 })
    const today = new Date().toISOString().slice(0, 10)
    expect(readFileSync(path.join(folder, 'CHANGELOG.md'), 'utf8')).toBe(
      CHANGED.replace('## Unreleased\n', `## Unreleased\n\n## 0.10.0 - ${today}\n`),
    )
    for (const name of ['package.json', 'package-lock.json', 'clients/javascript/package.json']) {
      expect(packageJson(name).version).toBe('0.10.0')
    }
    expect(JSON.parse(readFileSync(path.join(folder, 'sbom.cdx.json'), 'utf8'))).toMatchObject({
      bomFormat: 'CycloneDX',
      metadata: { component: { type: 'application', version: '0.10.0' } },
      components: expect.arrayContaining([
        expect.objectContaining({ name: 'hono', hashes: [expect.objectContaining({ alg: 'SHA-512' })] }),
      ]),
    })
    expect(git('show', '--stat', '--format=')).toContain('sbom.cdx.json')
    expect(git('log', '-1', '--format=%s %D')).toMatch(/^Release 0\.10\.0 HEAD -> main, tag: v0\.10\.0$/)
    expect(git('status', '--porcelain')).toBe('')
  })

  it('rejects a release without changes', () => {
    expect(release('0.11.0', '--skip-tests').output).toContain('CHANGELOG.md has no unreleased changes.')
  })
})
