import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { scanJson } from '../../src/http/scan-json.ts'

const LIMITS = { depthMax: 5, valuesMax: 10 }
const NO_LIMITS = { depthMax: Number.POSITIVE_INFINITY, valuesMax: Number.POSITIVE_INFINITY }

function scan(text: string, limits = LIMITS) {
  return scanJson(new TextEncoder().encode(text), limits)
}

/** The members of the outermost object as text. */
function membersOf(text: string): [string, string][] {
  const scanned = scan(text, NO_LIMITS)
  const bytes = new TextEncoder().encode(text)
  const part = (start: number, end: number) => new TextDecoder().decode(bytes.subarray(start, end))
  if (scanned.kind !== 'scanned') throw new Error('The text was not scanned.')
  return scanned.members.map((member) => [
    part(member.nameStart, member.nameEnd),
    part(member.valueStart, member.valueEnd),
  ])
}

describe('a scan of JSON', () => {
  it('finds each member of the outermost object, with repeated names', () => {
    expect(membersOf(' {"a" : {"b":1,"c":[{"d":2}]} , "é\\"":"},{\\\\" ,"a":[]}')).toEqual([
      ['"a"', ' {"b":1,"c":[{"d":2}]} '],
      ['"é\\""', '"},{\\\\" '],
      ['"a"', '[]'],
    ])
    expect(membersOf('{}')).toEqual([])
    expect(membersOf('[{"a":1}]')).toEqual([])
  })

  it('finds the members that JSON.parse finds', async () => {
    const object = fc.dictionary(fc.string(), fc.jsonValue(), { noNullPrototype: true })
    await fc.assert(
      fc.asyncProperty(object, fc.constantFrom(0, 1), async (value, indent) => {
        const members = membersOf(JSON.stringify(value, null, indent))
        expect(Object.fromEntries(members.map((pair) => pair.map((text) => JSON.parse(text))))).toEqual(
          JSON.parse(JSON.stringify(value)),
        )
      }),
    )
  })

  it('stops at lists and objects that are too deep', () => {
    expect(scan('[{"a":[[[]]]}]').kind).toBe('scanned')
    expect(scan('[[[[[[').kind).toBe('too-deep')
    expect(scan('{"a":{"a":{"a":{"a":{"a":{').kind).toBe('too-deep')
    expect(scan('"[[[[[[[[[["').kind).toBe('scanned')
  })

  it('stops at more members than the limit', () => {
    expect(scan(`[${new Array(10).fill('1').join()}]`).kind).toBe('scanned')
    expect(scan(`[${new Array(11).fill('1').join()}]`).kind).toBe('too-many-values')
    expect(scan('[[],[],[],[],[],[]]').kind).toBe('too-many-values')
    expect(scan('{"a":{"b":1,"c":1,"d":1,"e":1},"f":1,"g":1,"h":1,"i":1,"j":1,"k":1}').kind).toBe(
      'too-many-values',
    )
  })

  it.each(['{"a":"', '{"a":"\\', '{"a":', '{"a"', '}}}}', ']', ':', ',', '"', '\\', ''])(
    'ends for the incomplete text %j',
    (text) => {
      expect(scan(text).kind).toBe('scanned')
    },
  )

  it.each([
    ['7', true],
    ['123456789012345', true],
    ['1234567890123456', false],
    ['-1', false],
    ['1.5', false],
    ['1e3', false],
    ['1E3', false],
    ['"1.5"', true],
    ['true', true],
  ])('tells whether %s has only plain numbers', (value, hasPlainNumbers) => {
    expect(scan(`{"a":[${value}]}`)).toMatchObject({ hasPlainNumbers })
  })
})
