/** How the programs of docs/verify-license-files.md are built and run, with compilers and libraries of Debian. */
import { existsSync, mkdirSync, mkdtempSync, readdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { inject } from 'vitest'
import { isInstalled, type ProcessResult, run } from '../support/clone.ts'
import { example } from '../support/readme.ts'

export interface Toolchain {
  readonly language: string
  /** What is needed to run it. */
  readonly needs: string
  readonly isInstalled: () => boolean
  readonly mark: string
  /** The file of the program. */
  readonly source: string
  /** Further files of the build. */
  readonly files?: Readonly<Record<string, string>>
  /** How the program reads the time, and how it does so in the test: from the variable `NOW`. */
  readonly clock: readonly [printed: string, tested: string]
  /** Code that `clock` needs. */
  readonly appended?: string
  readonly build: readonly string[]
  readonly command: readonly string[]
}

const JARS = ['annotations', 'core', 'databind'].map((name) => `/usr/share/java/jackson-${name}.jar`)

const CRATES = '/usr/share/cargo/registry'
const CRATES_USED = ['anyhow', 'chrono', 'data-encoding', 'ring', 'serde_json']

const CARGO_TOML = `[package]
name = "verify"
version = "0.0.0"
edition = "2021"

[dependencies]
${CRATES_USED.map((name) => `${name} = "*"`).join('\n')}
`

const CARGO_CONFIG = `[source.crates-io]
replace-with = "debian"

[source.debian]
directory = "${CRATES}"
`

export const TOOLCHAINS: readonly Toolchain[] = [
  {
    language: 'Go',
    needs: 'go',
    isInstalled: () => isInstalled('go', 'version'),
    mark: 'run: license-file-go',
    source: 'main.go',
    clock: ['time.Now()', 'now()'],
    appended: 'func now() time.Time { now, _ := time.Parse(time.RFC3339, os.Getenv("NOW")); return now }',
    build: ['go', 'build', '-o', 'verify', 'main.go'],
    command: ['./verify'],
  },
  {
    language: 'Rust',
    needs: 'cargo and the crates of Debian',
    isInstalled: () => isInstalled('cargo', '--version') && CRATES_USED.every(hasCrate),
    mark: 'run: license-file-rust',
    source: 'src/main.rs',
    clock: ['Utc::now()', 'now()'],
    appended: 'fn now() -> DateTime<Utc> { std::env::var("NOW").unwrap().parse().unwrap() }',
    files: { 'Cargo.toml': CARGO_TOML, '.cargo/config.toml': CARGO_CONFIG },
    build: ['cargo', 'build', '--offline'],
    command: ['target/debug/verify'],
  },
  {
    language: 'Java',
    needs: 'javac and the Jackson of Debian',
    isInstalled: () => isInstalled('javac', '-version') && JARS.every((jar) => existsSync(jar)),
    mark: 'run: license-file-java',
    source: 'Verify.java',
    clock: ['Instant.now()', 'Instant.parse(System.getenv("NOW"))'],
    build: ['javac', '-cp', JARS.join(':'), 'Verify.java'],
    command: ['java', '-cp', ['.', ...JARS].join(':'), 'Verify'],
  },
]

function hasCrate(name: string): boolean {
  return existsSync(CRATES) && readdirSync(CRATES).some((folder) => folder.startsWith(`${name}-`))
}

/** Builds a program once. Only its clock is not as printed. @returns what runs it at a given time */
export function build(toolchain: Toolchain) {
  const { language, source, files, command } = toolchain
  const folder = mkdtempSync(path.join(inject('scratch'), `${language}-`))
  for (const [name, text] of Object.entries({ ...files, [source]: testedSource(toolchain) })) {
    const file = path.join(folder, name)
    mkdirSync(path.dirname(file), { recursive: true })
    writeFileSync(file, text)
  }
  const built = run(folder, 'env', ...toolchain.build)
  if (built.status !== 0) throw new Error(`The program in ${language} cannot be built:\n${built.output}`)
  return (now: string, license: string, ...parameters: string[]): ProcessResult => {
    writeFileSync(path.join(folder, 'license.lic'), license)
    return run(folder, 'env', `NOW=${now}`, ...command, 'license.lic', ...parameters)
  }
}

function testedSource({ language, mark, clock: [printed, tested], appended = '' }: Toolchain): string {
  const source = example(mark)
  if (!source.includes(printed)) throw new Error(`The program in ${language} does not read ${printed}.`)
  return source.replaceAll(printed, tested) + appended
}
