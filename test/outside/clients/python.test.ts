/** Runs the tests of the Python client with the first Python of this machine that has its dependency. */
import { expect, it } from 'vitest'
import { isInstalled, project, run } from '../support/clone.ts'
import { example } from '../support/readme.ts'

/** The client supports Python 3.9 and later. */
const NEEDED = 'import cryptography, sys; sys.exit(sys.version_info < (3, 9))'
const PYTHONS = ['python3', '/usr/bin/python3'].filter((python) => isInstalled(python, '-c', NEEDED))

it.skipIf(PYTHONS.length === 0)(
  'the Python client passes its tests (skipped without Python 3.9 and its package cryptography)',
  () => {
    const [python = 'python3'] = PYTHONS
    // -B writes no compiled files, so other tests that copy the project copy none.
    const command = example('run: python-client-tests').replace('python3', `${python} -B`)
    const { status, output } = run(project, 'bash', '-c', command)
    expect(status, output).toBe(0)
    expect(output).toMatch(/^Ran \d{2,} tests/m)
  },
)
