/** Parsing of files with license keys: accepted and rejected lines and files. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { readPieces } from '../../scripts/keyseal/stock-file.ts'

let folder: string
let file: string

beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'keyseal-stock-'))
  file = path.join(folder, 'keys.csv')
})
afterAll(() => rmSync(folder, { recursive: true }))

/** License keys and rejections as `line:text`, and why reading stopped. */
async function read(content: string | Buffer, column?: string, pieceLinesMax = 10_000) {
  writeFileSync(file, content)
  const result = { keys: [] as string[], refused: [] as string[], stopped: undefined as string | undefined }
  for await (const piece of readPieces(file, { column, pieceLinesMax, pieceBytesMax: 1_000_000 })) {
    result.keys.push(...piece.keys.map(({ line, licenseKey }) => `${line}:${licenseKey}`))
    result.refused.push(...piece.refused.map(({ line, reason }) => `${line}:${reason}`))
    result.stopped = piece.stopped
  }
  return result
}

describe('the column with the license keys', () => {
  it.each([
    ['has a heading in any case, with spaces around it', 'note, License_KEY \nx,K1\n', undefined],
    ['is found after a byte order mark', '\ufeff"LICENSE_KEY",note\nK1,x\n', undefined],
    ['can be chosen by name', 'license_key,Serial No\nx,K1\n', ' serial no'],
    ['is separated by semicolons if the first line has no comma', 'note;license_key\n"x;y";K1\n', undefined],
    ['is separated by tabs if the first line has no comma', 'note\tlicense_key\nx, y\tK1\n', undefined],
    [
      'is separated by semicolons if the only comma is in quotes',
      '"note, if any";license_key\nx;K1\n',
      undefined,
    ],
  ])('%s', async (_, content, column) => {
    expect(await read(content, column)).toEqual({ keys: ['2:K1'], refused: [], stopped: undefined })
  })

  it('needs no heading if it is the only column', async () => {
    expect((await read('K1\nK2\n')).keys).toEqual(['1:K1', '2:K2'])
  })

  it('is not guessed: the error lists the columns and how to choose one', async () => {
    const several = 'has no column license_key. Its columns are: "Order", "Code". Choose the one with the'
    await expect(read('Order , Code\n1,K1\n')).rejects.toThrow(several)
    await expect(read('Order,Code\n1,K1\n')).rejects.toThrow('--column <name>')
    await expect(read('K1\nK2\n', 'Code')).rejects.toThrow('has no column code. Its columns are: "K1"')
  })

  it('is not guessed if later lines have more columns than the first', async () => {
    const reason = 'has several columns, but the first line has no names'
    const { keys, refused } = await read('K1\nnote,K2\nK3,\n')
    expect({ keys, refused }).toEqual({ keys: ['1:K1', '3:K3'], refused: [`2:${reason}`] })
  })
})

describe('a file without license keys', () => {
  it.each([
    ['empty', ''],
    ['only empty lines', '\n\r\n'],
    ['only a heading', 'license_key\n'],
  ])('is rejected: %s', async (_, content) => {
    await expect(read(content)).rejects.toThrow('contains no license keys')
  })
})

describe('a file that is not UTF-8', () => {
  it.each([
    ['Latin-1', Buffer.from('K1\nKEY-\xe9\n', 'latin1')],
    ['UTF-16 with a byte order mark', Buffer.from('\ufeffK1\n', 'utf16le')],
    ['UTF-16 without a byte order mark', Buffer.from('K1\n', 'utf16le')],
    ['truncated within a character', Buffer.from('K1\né').subarray(0, 4)],
  ])('yields no license key: %s', async (_, content) => {
    await expect(read(content)).rejects.toThrow('is not UTF-8 text')
  })

  it('yields all pieces before the one with invalid bytes', async () => {
    const lines = Array.from({ length: 50_000 }, (_, index) => `KEY-${index}\n`).join('')
    writeFileSync(file, Buffer.concat([Buffer.from(lines), Buffer.from([0xff, 0x0a])]))
    const counts: number[] = []
    async function count() {
      const options = { pieceLinesMax: 10_000, pieceBytesMax: 1_000_000 }
      for await (const { keys } of readPieces(file, options)) counts.push(keys.length)
    }
    await expect(count()).rejects.toThrow('is not UTF-8 text')
    expect(counts.length).toBeLessThanOrEqual(5)
    expect(new Set(counts)).toEqual(new Set([10_000]))
  })
})

describe('an unreadable file', () => {
  const read = (name: string) => readPieces(name, { pieceLinesMax: 10, pieceBytesMax: 1_000 }).next()

  it('causes a readable error', async () => {
    await expect(read(folder)).rejects.toThrow('is a folder')
    await expect(read(path.join(folder, 'none.csv'))).rejects.toThrow('There is no file')
    await expect(read(path.join(file, 'none.csv'))).rejects.toThrow('There is no file')
  })

  it.skipIf(process.platform !== 'linux')('causes a readable error (skipped without /proc)', async () => {
    await expect(read('/proc/self/mem')).rejects.toThrow('/proc/self/mem cannot be read (EIO).')
  })
})

describe('a stray quote', () => {
  const stray = 'has a stray quote: quote the whole field, and double each quote in it'

  it('rejects only its line', async () => {
    const { keys, refused } = await read('K1\nK"2\n"K3"x\n"K""4"\nK5\n')
    expect(keys).toEqual(['1:K1', '4:K"4', '5:K5'])
    expect(refused).toEqual([`2:${stray}`, `3:${stray}`])
  })

  it('rejects the lines up to the next quote, and reports their range', async () => {
    const { keys, refused } = await read('K1\n"K2\nK3\n"K4"\nK5\n')
    expect(keys).toEqual(['1:K1', '5:K5'])
    expect(refused).toEqual([`2:${stray} (the record ends on line 4)`])
  })

  it('stops reading if it is never closed, and keeps earlier lines', async () => {
    expect(await read('K1\n\n"K2\nK3\n')).toEqual({
      keys: ['1:K1'],
      refused: [],
      stopped: 'line 3 opens a quote that is never closed, so the rest of the file cannot be read',
    })
  })
})

describe('the line number', () => {
  it.each([
    ['LF', '\n'],
    ['CRLF', '\r\n'],
  ])('is the first line of a record, with %s and empty lines before', async (_, end) => {
    const lines = ['note,license_key', '', '', 'x,K1', '"two', 'lines",', 'x,K1', 'x,K2']
    const { keys, refused } = await read(lines.join(end))
    expect(keys).toEqual(['4:K1', '8:K2'])
    expect(refused).toEqual(['5:has no license key (the record ends on line 6)', '7:is the same as line 4'])
  })

  it('counts mixed line ends', async () => {
    expect((await read('K1\r\nK2\nK3\rK4')).keys).toEqual(['1:K1', '2:K2', '3:K3', '4:K4'])
  })
})
