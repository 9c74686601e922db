/** Every client says the same about the files and answers that the Worker made (clients/vectors). */
import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { project } from '../support/clone.ts'
import { CLIENTS } from './support/clients.ts'

const folder = path.join(project, 'clients/vectors')

const read = (name: string) => readFileSync(path.join(folder, name), 'utf8')

const keys = JSON.parse(read('keys.json')) as {
  readonly productId: number
  readonly fileKeys: Readonly<Record<string, readonly string[]>>
  readonly answerKeys: readonly string[]
}

interface Vector {
  readonly about: string
  readonly licenseKey: string
  readonly identifier: string
  readonly expect: Readonly<Record<string, unknown>>
}

interface FileVector extends Vector {
  readonly algorithm: string
  readonly allowAnyMachine: boolean
  readonly now: string
}

interface AnswerVector extends Vector {
  readonly nonce: string
  readonly body: string
}

const names = readdirSync(folder)
  .filter((name) => name.endsWith('.json') && name !== 'keys.json')
  .map((name) => name.replace('.json', ''))
const files = names.filter((name) => !name.startsWith('answer-'))
const answers = names.filter((name) => name.startsWith('answer-'))

function optionsFor(algorithm: string) {
  return {
    server: 'http://127.0.0.1:9',
    apiKey: 'unused',
    productId: keys.productId,
    fileKeys: keys.fileKeys[algorithm],
    answerKeys: keys.answerKeys,
    algorithm,
  }
}

it('there are vectors of both kinds', () => {
  expect(files.length).toBeGreaterThan(20)
  expect(answers.length).toBeGreaterThan(10)
})

describe.each(CLIENTS)('the $name client', ({ start, isMissing }) => {
  const driver = isMissing ? undefined : start()
  afterAll(() => driver?.end())

  it.skipIf(isMissing).each(files)(`reads the file %s${isMissing ? ` (${isMissing})` : ''}`, async (name) => {
    const { algorithm, allowAnyMachine, ...vector } = JSON.parse(read(`${name}.json`)) as FileVector
    const options = { ...optionsFor(algorithm), allowAnyMachine }
    const said = await driver?.ask({ ...vector, do: 'verifyFile', file: read(`${name}.lic`), options })
    expect(said).toMatchObject(vector.expect)
  })

  it.skipIf(isMissing).each(answers)(
    `reads the answer %s${isMissing ? ` (${isMissing})` : ''}`,
    async (name) => {
      const vector = JSON.parse(read(`${name}.json`)) as AnswerVector
      const said = await driver?.ask({ ...vector, do: 'readAnswer', options: optionsFor('ed25519') })
      expect(said).toMatchObject(vector.expect)
    },
  )
})
