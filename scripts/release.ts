/** `npm run release`: moves the unreleased changes to a new version, commits and tags it. It pushes nothing. */
import { spawnSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { parseArgs } from 'node:util'
import { messageOf } from './message-of.ts'
import { projectFolder } from './wrangler.ts'

const USAGE = `Usage: npm run release -- VERSION [--skip-tests]

  VERSION       MAJOR.MINOR.PATCH, greater than the one in package.json, such as 0.2.0 (https://semver.org)
  --skip-tests  don't run the tests`

const CHANGELOG = 'CHANGELOG.md'
const UNRELEASED = '## Unreleased\n'
/** The components of the release, as CycloneDX (https://cyclonedx.org). */
const SBOM = 'sbom.cdx.json'
/** Clients have the version of the server that they were tested with. */
const JAVASCRIPT_CLIENT = 'clients/javascript'
const FILES = [
  ...[CHANGELOG, SBOM, 'package.json', 'package-lock.json'],
  path.join(JAVASCRIPT_CLIENT, 'package.json'),
]

try {
  const options = { 'skip-tests': { type: 'boolean' }, help: { type: 'boolean' } } as const
  const { values, positionals } = parseArgs({ options, allowPositionals: true })
  if (values.help) console.log(USAGE)
  else release(versionIn(positionals), new Date(), values['skip-tests'] === true)
} catch (error) {
  console.error(`${messageOf(error)}\n\n${USAGE}`)
  process.exitCode = 1
}

function versionIn([version, more]: readonly string[]): string {
  if (version === undefined) throw new Error('VERSION is missing.')
  if (more !== undefined) throw new Error(`Unexpected argument: ${more}`)
  if (/^(0|[1-9]\d*)(\.(0|[1-9]\d*)){2}$/.test(version)) return version
  throw new Error(
    `VERSION must be MAJOR.MINOR.PATCH, such as 0.2.0, without a v and without a pre-release, not "${version}".`,
  )
}

/** Checks everything before it writes anything. */
function release(version: string, now: Date, skipTests: boolean): void {
  const current = currentVersion()
  if (version.localeCompare(current, 'en', { numeric: true }) <= 0) {
    throw new Error(`VERSION must be greater than ${current}, not "${version}".`)
  }
  const changelog = released(contents(CHANGELOG), version, now)
  if (run('git', 'status', '--porcelain') !== '') {
    throw new Error('There are uncommitted changes. Commit them, or stash them with git stash.')
  }
  const tag = `v${version}`
  if (run('git', 'tag', '--list', tag) !== '') throw new Error(`The tag ${tag} exists already.`)
  if (!skipTests) run('npm', 'test')

  writeFileSync(path.join(projectFolder, CHANGELOG), changelog)
  run('npm', 'version', version, '--no-git-tag-version')
  run('npm', 'version', version, '--no-git-tag-version', '--prefix', JAVASCRIPT_CLIENT)
  writeFileSync(path.join(projectFolder, SBOM), `${run('npm', 'run', '--silent', 'sbom')}\n`)
  run('git', 'add', ...FILES)
  run('git', 'commit', '--quiet', '--message', `Release ${version}`)
  run('git', 'tag', '--annotate', '--message', `Release ${version}`, tag)
  console.log(`Released ${version} here. Push it with: git push --follow-tags`)
}

/** @throws Error if there is nothing to release */
function released(changelog: string, version: string, now: Date): string {
  const [before, after] = changelog.split(UNRELEASED)
  if (before === undefined || after === undefined) {
    throw new Error(`${CHANGELOG} must have one line "${UNRELEASED.trim()}".`)
  }
  if (!/^- /m.test(after.split(/^## /m)[0] ?? '')) {
    throw new Error(`${CHANGELOG} has no unreleased changes. Describe them there first.`)
  }
  return `${before}${UNRELEASED}\n## ${version} - ${now.toISOString().slice(0, 10)}\n${after}`
}

function currentVersion(): string {
  return (JSON.parse(contents('package.json')) as { version: string }).version
}

function contents(file: string): string {
  return readFileSync(path.join(projectFolder, file), 'utf8')
}

/** @returns the program's output. @throws Error with the output if the program fails */
function run(program: string, ...parameters: string[]): string {
  const { status, stdout, stderr, error } = spawnSync(program, parameters, {
    cwd: projectFolder,
    encoding: 'utf8',
    maxBuffer: 2 ** 28,
  })
  if (error) throw error
  if (status === 0) return stdout.trim()
  throw new Error(`${program} ${parameters.slice(0, 2).join(' ')} failed:\n${stdout}${stderr}`.trim())
}
