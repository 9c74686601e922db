/** Checks the documents against the project: examples are run; commands, files, headings and settings exist. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { PROVIDER_NAMES } from '../../src/payments/provider.ts'
import { project } from './support/clone.ts'
import { documents } from './support/readme.ts'

function contents(...names: string[]): string {
  return readFileSync(path.join(project, ...names), 'utf8')
}

function lines(text: string, pattern: RegExp): string[] {
  return [...text.matchAll(pattern)].map((match) => match[1] ?? '')
}

/** All tests except this one. `support/` only looks up marks. */
const tests = readdirSync(path.join(project, 'test/outside'), { recursive: true })
  .map(String)
  .filter((name) => name.endsWith('.test.ts') && name !== 'docs.test.ts')
  .map((name) => contents('test/outside', name))
  .join('\n')

const packageJson = JSON.parse(contents('package.json')) as {
  scripts: Record<string, string>
  cloudflare: { bindings: Record<string, { description: string }> }
}

const shellBlocks = [...documents].flatMap(([name, text]) =>
  [...text.matchAll(/(?:^ *<!-- ([^>]*) -->\n)?^ *```(?:sh|bash|shell)\n([\s\S]*?)^ *```/gm)].map(
    ([, mark = '', commands = '']) => ({ name, mark, commands: commands.trim() }),
  ),
)

describe('every shell example in the documents', () => {
  it('is found', () => {
    expect(shellBlocks.length).toBeGreaterThan(10)
  })

  it.each(shellBlocks)('is run by a test or by CI, or cannot be: $name, $commands', (block) => {
    const { mark, commands } = block
    if (mark === 'needs: account') expect(commands).toMatch(/--remote|wrangler|npm run deploy/)
    else if (mark === 'needs: network') expect(commands).toMatch(/^pip install /)
    else if (mark === 'run by: CI') expect(lines(contents('.ci/run'), /^(.+)$/gm)).toEqual(partsOf(commands))
    else {
      expect(mark).toMatch(/^run: /)
      expect(tests).toContain(`'${mark}'`)
    }
  })

  function partsOf(commands: string): unknown {
    return expect.arrayContaining(commands.split(/ && |\n/))
  }
})

/** Addresses that GitHub resolves from the repository's page. */
const GITHUB_ACTIONS = '../../actions/'

describe.each([...documents])('%s', (name, text) => {
  it('names only commands that exist', () => {
    const named = lines(text, /npm run (?:--silent )?([\w:-]+)/g)
    expect(named.filter((command) => !(command in packageJson.scripts))).toEqual([])
  })

  it('links and refers only to files that exist', () => {
    const links = lines(text, /\]\((?!https?:|#|mailto:)([^)#]+)/g).filter(
      (link) => !link.startsWith(GITHUB_ACTIONS),
    )
    const folder = path.join(project, path.dirname(name))
    expect(links.filter((link) => !existsSync(path.join(folder, link)))).toEqual([])
    const mentioned = lines(text, /`((?:src|scripts|test|docs|bench|migrations)\/[\w./-]+)`/g)
    expect(mentioned.filter((file) => !existsSync(path.join(project, file)))).toEqual([])
  })

  it('links only to headings that exist', () => {
    const links = [...text.matchAll(/\]\((?!https?:)([^)#]*)#([^)]+)\)/g)]
    const dead = links.filter(([, file = '', anchor = '']) => {
      const target = file === '' ? text : contents(path.dirname(name), file)
      return !lines(target, /^#+ (.+)$/gm)
        .map(anchorOf)
        .includes(anchor)
    })
    expect(dead).toEqual([])
  })
})

/** The anchor that GitHub gives a heading. */
function anchorOf(heading: string): string {
  return heading
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
    .replaceAll(' ', '-')
}

describe('docs/settings.md', () => {
  it('lists every variable and binding of wrangler.toml', () => {
    const declared = lines(
      contents('wrangler.toml'),
      /^(?:# )?(?:(?:binding|name) = ")?([A-Z][A-Z_]+)(?:"$| = )/gm,
    )
    expect(declared.length).toBeGreaterThan(5)
    for (const name of declared) expect(documents.get('docs/settings.md')).toContain(`\`${name}\``)
  })
})

describe('docs/payments.md', () => {
  const selling = (documents.get('docs/selling.md') ?? '').split(/^### /m)
  const [, table = ''] = (documents.get('docs/payments.md') ?? '').split('## Which events to select')
  const rows = lines(table, /^\| ([A-Z].+) \|$/gm).filter((row) => !row.startsWith('Provider'))
  const sources = readdirSync(path.join(project, 'src/payments/providers'), { recursive: true })
    .map(String)
    .filter((name) => name.endsWith('.ts'))
    .map((name) => contents('src/payments/providers', name))
    .join('\n')

  it('has a row for each provider', () => {
    expect(rows).toHaveLength(PROVIDER_NAMES.length)
  })

  it.each(rows)('names only events that are known and that docs/selling.md selects: %s', (row) => {
    const [provider = ''] = row.split(' |')
    const section = selling.find((text) => text.split('\n')[0]?.endsWith(provider))
    const events = lines(row, /`([\w.]+)`/g)
    const topics = lines(row, /\*\*([^*]+)\*\*/g)
    expect(events.length + topics.length).toBeGreaterThan(0)
    expect([...events, ...topics].filter((name) => !section?.includes(name))).toEqual([])
    expect(events.filter((name) => !sources.includes(name))).toEqual([])
  })
})

describe.each(['.dev.vars.example', 'wrangler.toml', '.ci/run'])('%s', (name) => {
  it('names only commands that exist', () => {
    const named = lines(contents(name), /npm run (?:--silent )?([\w:-]+)/g)
    expect(named.filter((command) => !(command in packageJson.scripts))).toEqual([])
  })
})

describe('the Deploy to Cloudflare button', () => {
  const requested = lines(contents('.dev.vars.example'), /^(\w+)=/gm)

  it('asks only for the signing key', () => {
    expect(requested).toEqual(['SIGNING_PRIVATE_KEY'])
  })

  it('explains every secret it asks for, and only bindings that exist', () => {
    const explained = packageJson.cloudflare.bindings
    for (const name of requested) expect(explained[name]?.description).toBeTruthy()
    const declared = contents('wrangler.toml')
    for (const name of Object.keys(explained)) {
      expect(requested.includes(name) || new RegExp(`^${name} =|"${name}"$`, 'm').test(declared), name).toBe(
        true,
      )
    }
  })

  it('migrates the database before it deploys the Worker', () => {
    expect(packageJson.scripts.deploy).toMatch(
      /wrangler d1 migrations apply DB --remote && .*wrangler deploy$/,
    )
  })
})

describe('.dev.vars.example', () => {
  it('names only settings that the documents name', () => {
    const known = [...documents.values()].join('\n')
    for (const name of lines(contents('.dev.vars.example'), /^(?:# )?([A-Z_]+\d?)=/gm)) {
      expect(known).toContain(
        name.replace(/^[A-Z]+(_[A-Z]+)?_WEBHOOK_SECRET$/, '_WEBHOOK_SECRET').replace(/_1$/, ''),
      )
    }
  })
})
