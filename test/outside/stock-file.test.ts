/** Files of license keys as sellers have them: which lines are taken, and which files are refused. */
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

/** The license keys and refusals as `line:text`, and why nothing more could be read. */
async function read(content: string | Buffer, column?: string, pieceLinesMax = 10_000) {
  writeFileSync(file, content)
  const seen = { keys: [] as string[], refused: [] as string[], stopped: undefined as string | undefined }
  for await (const piece of readPieces(file, { column, pieceLinesMax, pieceBytesMax: 1_000_000 })) {
    seen.keys.push(...piece.keys.map(({ line, licenseKey }) => `${line}:${licenseKey}`))
    seen.refused.push(...piece.refused.map(({ line, reason }) => `${line}:${reason}`))
    seen.stopped = piece.stopped
  }
  return seen
}

describe('the column with the license keys', () => {
  it.each([
    ['is named in any case, with spaces around', 'note, License_KEY \nx,K1\n', undefined],
    ['is found behind a byte order mark', '\ufeff"LICENSE_KEY",note\nK1,x\n', undefined],
    ['is the one that was chosen', 'license_key,Serial No\nx,K1\n', ' serial no'],
    [
      'is separated by semicolons where the first line has no comma',
      'note;license_key\n"x;y";K1\n',
      undefined,
    ],
    ['is separated by tabs where the first line has no comma', 'note\tlicense_key\nx, y\tK1\n', undefined],
    ['is not separated by a comma within quotes', '"note, if any";license_key\nx;K1\n', undefined],
  ])('%s', async (_, content, column) => {
    expect(await read(content, column)).toEqual({ keys: ['2:K1'], refused: [], stopped: undefined })
  })

  it('needs no heading where it is the only one', async () => {
    expect((await read('K1\nK2\n')).keys).toEqual(['1:K1', '2:K2'])
  })

  it('is not guessed: the error lists the columns there are, and how to choose one', async () => {
    const several = 'names no column license_key, but: "Order", "Code". Name the one that holds'
    await expect(read('Order , Code\n1,K1\n')).rejects.toThrow(several)
    await expect(read('Order,Code\n1,K1\n')).rejects.toThrow('--column <name>')
    await expect(read('K1\nK2\n', 'Code')).rejects.toThrow('names no column code, but: "K1"')
  })

  it('is not guessed where lines are wider than a first line without a heading', async () => {
    const reason = 'has several columns, of which the first line names none'
    const { keys, refused } = await read('K1\nnote,K2\nK3,\n')
    expect({ keys, refused }).toEqual({ keys: ['1:K1', '3:K3'], refused: [`2:${reason}`] })
  })
})

describe('a file that holds no license keys', () => {
  it.each([
    ['nothing', ''],
    ['empty lines', '\n\r\n'],
    ['a heading', 'license_key\n'],
  ])('is refused: %s', async (_, content) => {
    await expect(read(content)).rejects.toThrow('contains no license keys')
  })
})

describe('a file that is not UTF-8', () => {
  it.each([
    ['Latin-1', Buffer.from('K1\nKEY-\xe9\n', 'latin1')],
    ['UTF-16 with a byte order mark', Buffer.from('\ufeffK1\n', 'utf16le')],
    ['UTF-16 without one', Buffer.from('K1\n', 'utf16le')],
    ['cut within a character', Buffer.from('K1\né').subarray(0, 4)],
  ])('gives no license key: %s', async (_, content) => {
    await expect(read(content)).rejects.toThrow('is not UTF-8 text')
  })

  it('gives nothing of the piece that holds the wrong bytes, and all before', async () => {
    const lines = Array.from({ length: 50_000 }, (_, index) => `KEY-${index}\n`).join('')
    writeFileSync(file, Buffer.concat([Buffer.from(lines), Buffer.from([0xff, 0x0a])]))
    const counts: number[] = []
    async function count() {
      const reading = { pieceLinesMax: 10_000, pieceBytesMax: 1_000_000 }
      for await (const { keys } of readPieces(file, reading)) counts.push(keys.length)
    }
    await expect(count()).rejects.toThrow('is not UTF-8 text')
    expect(counts.length).toBeLessThanOrEqual(5)
    expect(new Set(counts)).toEqual(new Set([10_000]))
  })
})

describe('a file that can not be read', () => {
  const read = (name: string) => readPieces(name, { pieceLinesMax: 10, pieceBytesMax: 1_000 }).next()

  it('is refused in a sentence', async () => {
    await expect(read(folder)).rejects.toThrow('is a folder')
    await expect(read(path.join(folder, 'none.csv'))).rejects.toThrow('There is no file')
    await expect(read(path.join(file, 'none.csv'))).rejects.toThrow('There is no file')
  })

  it.skipIf(process.platform !== 'linux')('is refused in a sentence (skipped without /proc)', async () => {
    await expect(read('/proc/self/mem')).rejects.toThrow('/proc/self/mem cannot be read (EIO).')
  })
})

describe('a stray quote', () => {
  const stray = 'has a stray quote: put the field into quotes, and write a quote inside of it twice'

  it('refuses its line only', async () => {
    const { keys, refused } = await read('K1\nK"2\n"K3"x\n"K""4"\nK5\n')
    expect(keys).toEqual(['1:K1', '4:K"4', '5:K5'])
    expect(refused).toEqual([`2:${stray}`, `3:${stray}`])
  })

  it('refuses all that it takes in up to the next one, and says how far that goes', async () => {
    const { keys, refused } = await read('K1\n"K2\nK3\n"K4"\nK5\n')
    expect(keys).toEqual(['1:K1', '5:K5'])
    expect(refused).toEqual([`2:${stray} (the record goes to line 4)`])
  })

  it('stops where it ends nowhere, and keeps what is before', async () => {
    expect(await read('K1\n\n"K2\nK3\n')).toEqual({
      keys: ['1:K1'],
      refused: [],
      stopped: 'line 3 begins a quote that ends nowhere, so nothing from there on can be read',
    })
  })
})

describe('the number of a line', () => {
  it.each([
    ['LF', '\n'],
    ['CRLF', '\r\n'],
  ])('is that on which a record begins, with %s and empty lines before', async (_, end) => {
    const lines = ['note,license_key', '', '', 'x,K1', '"two', 'lines",', 'x,K1', 'x,K2']
    const { keys, refused } = await read(lines.join(end))
    expect(keys).toEqual(['4:K1', '8:K2'])
    expect(refused).toEqual(['5:holds no license key (the record goes to line 6)', '7:is the same as line 4'])
  })

  it('counts each kind of line end, also where they are mixed', async () => {
    expect((await read('K1\r\nK2\nK3\rK4')).keys).toEqual(['1:K1', '2:K2', '3:K3', '4:K4'])
  })
})
