/** The JavaScript client's verdict on files and answers that the Worker made. */
import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { afterAll, expect, it } from 'vitest'
import { project } from '../support/clone.ts'
import { startDriver } from './support/client-driver.ts'

const folder = path.join(project, 'clients/vectors')
const { productId, fileKeys, answerKeys } = vector('keys')
const names = readdirSync(folder)
  .filter((name) => name.endsWith('.json') && name !== 'keys.json')
  .map((name) => path.basename(name, '.json'))

const driver = startDriver(process.execPath, path.join(import.meta.dirname, 'drivers/javascript.mjs'))
afterAll(() => driver.end())

function vector(name: string) {
  return JSON.parse(readFileSync(path.join(folder, `${name}.json`), 'utf8'))
}

it('there are vectors of files and of answers', () => {
  expect(names.filter((name) => !name.startsWith('answer-')).length).toBeGreaterThan(10)
  expect(names.filter((name) => name.startsWith('answer-')).length).toBeGreaterThan(10)
})

it.each(names)('%s', async (name) => {
  const { expect: expected, about: _, algorithm = 'ed25519', allowAnyMachine, ...question } = vector(name)
  const options = { productId, fileKeys: fileKeys[algorithm], answerKeys, algorithm, allowAnyMachine }
  const command =
    'body' in question
      ? { do: 'readAnswer' }
      : { do: 'verifyFile', file: readFileSync(path.join(folder, `${name}.lic`), 'utf8') }
  expect(await driver.ask({ ...command, ...question, options })).toEqual(expected)
})
