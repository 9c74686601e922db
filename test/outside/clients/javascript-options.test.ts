/** Wrong options of the JavaScript client are found at construction. */
import { generateKeyPairSync } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { Keyseal, type KeysealOptions } from '../../../clients/javascript/src/index.ts'
import { ed25519Pair, pemOf, rsaPair } from './support/file-maker.ts'
import { ANSWER_OPTIONS, FILE_OPTIONS, Memory } from './support/javascript-app.ts'

const GOOD: KeysealOptions = {
  server: 'https://licenses.example.com',
  apiKey: 'test-key',
  ...FILE_OPTIONS,
  ...ANSWER_OPTIONS,
  storage: new Memory(),
  device: 'device-1',
}

const shortRsa = pemOf(generateKeyPairSync('rsa', { modulusLength: 1024 }))
const almostRsa = pemOf(generateKeyPairSync('rsa', { modulusLength: 2040 }))
const smallExponent = pemOf(generateKeyPairSync('rsa', { modulusLength: 2048, publicExponent: 3 }))
const ecdsa = generateKeyPairSync('ec', { namedCurve: 'P-256' })

describe('new Keyseal', () => {
  it.each<[string, object]>([
    ['server', { server: undefined }],
    ['server', { server: 'licenses.example.com' }],
    ['server', { server: 'ftp://licenses.example.com' }],
    ['server', { server: 'https://licenses.example.com/api' }],
    ['server', { server: 'https://name:word@licenses.example.com' }],
    ['apiKey', { apiKey: undefined }],
    ['apiKey', { apiKey: 'two words' }],
    ['productId', { productId: undefined }],
    ['productId', { productId: '1' }],
    ['productId', { productId: 0 }],
    ['fileKeys', { fileKeys: undefined }],
    ['fileKeys', { fileKeys: [] }],
    ['fileKeys', { fileKeys: ['ab'] }],
    ['fileKeys', { fileKeys: [undefined] }],
    ['fileKeys', { fileKeys: [pemOf(rsaPair)] }],
    ['fileKeys', { algorithm: 'rsa-sha256' }],
    ['fileKeys', { algorithm: 'rsa-sha256', fileKeys: [shortRsa] }],
    ['answerKeys', { answerKeys: undefined }],
    ['answerKeys', { answerKeys: 'text' }],
    ['answerKeys', { answerKeys: [shortRsa] }],
    ['answerKeys', { answerKeys: [almostRsa] }],
    ['answerKeys', { answerKeys: [smallExponent] }],
    ['answerKeys', { answerKeys: [pemOf(ecdsa)] }],
    ['answerKeys', { answerKeys: [rsaPair.privateKey.export({ type: 'pkcs8', format: 'pem' })] }],
    ['algorithm', { algorithm: 'none' }],
    ['algorithm', { algorithm: 'toString' }],
    ['encrypt', { encrypt: 'no' }],
    ['allowAnyMachine', { allowAnyMachine: 1 }],
    ['graceDays', { graceDays: -1 }],
    ['graceDays', { graceDays: Number.NaN }],
    ['fileDays', { fileDays: 0 }],
    ['storage', { storage: undefined }],
    ['storage', { storage: {} }],
    ['device', { device: undefined }],
    ['device', { device: ' ' }],
    ['clock', { clock: 5 }],
  ])('names the option %s: %j', (option, wrong) => {
    expect(() => new Keyseal({ ...GOOD, ...wrong } as KeysealOptions)).toThrow(
      new RegExp(`^The option ${option} is missing or wrong\\. [A-Z].+\\.$`),
    )
  })

  it('accepts every kind of key', () => {
    const answerKeys = [2048, 2056, 3072, 4096].map((modulusLength) =>
      pemOf(generateKeyPairSync('rsa', { modulusLength })),
    )
    expect(() => new Keyseal({ ...GOOD, answerKeys: [...answerKeys, pemOf(ed25519Pair)] })).not.toThrow()
    const fileKeys = [
      pemOf(ed25519Pair),
      pemOf(rsaPair),
      ...FILE_OPTIONS.fileKeys.map((key) => key.toUpperCase()),
    ]
    for (const algorithm of ['ed25519', 'rsa-sha256'] as const) {
      expect(() => new Keyseal({ ...GOOD, fileKeys, algorithm, graceDays: 0 })).not.toThrow()
    }
  })
})
