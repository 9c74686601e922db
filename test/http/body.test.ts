import { describe, expect, it } from 'vitest'
import { BODY_BYTES_MAX } from '../../src/http/body.ts'
import { post, readEnvelope, send } from '../support/client.ts'
import { openShop, orderFields } from '../support/shop.ts'

const shop = await openShop()
const FORM = { 'Content-Type': 'application/x-www-form-urlencoded' }
const JSON_TYPE = { 'Content-Type': 'application/json' }

/** A form of exactly this size in bytes. */
function formOf(bytes: number): string {
  const form = `${new URLSearchParams(orderFields(shop))}&padding=`
  return form + 'x'.repeat(bytes - form.length)
}

describe('the body size', () => {
  it('may be 64 KiB, and one byte more gets 2413', async () => {
    expect((await post({}, { body: formOf(BODY_BYTES_MAX), headers: FORM })).response.code).toBe(803)
    const answer = await post({}, { body: formOf(BODY_BYTES_MAX + 1), headers: FORM })
    expect(answer).toMatchObject({ status: 413, response: { code: 2413 } })
  })

  it('is checked before the content type', async () => {
    const answer = await post(
      {},
      { body: formOf(BODY_BYTES_MAX + 1), headers: { 'Content-Type': 'image/png' } },
    )
    expect(answer.response.code).toBe(2413)
  })

  it('is refused before reading if Content-Length is too large', async () => {
    const result = await sendChunks(new Array(10).fill(1000), {
      'Content-Length': String(BODY_BYTES_MAX + 1),
    })
    expect(result).toEqual({ code: 2413, chunks: 0 })
  })

  it.each([
    ['without Content-Length', {}],
    [
      'with chunks, which override Content-Length,',
      { 'Content-Length': '10', 'Transfer-Encoding': 'chunked' },
    ],
    ['with an invalid Content-Length', { 'Content-Length': 'ten' }],
  ])('%s is checked while reading, which stops at the limit', async (_, headers) => {
    const { code, chunks } = await sendChunks(new Array(1000).fill(10_000), headers)
    expect(code).toBe(2413)
    // Seven chunks pass the limit; the stream may have queued one more.
    expect(chunks).toBeLessThanOrEqual(8)
  })

  /** Sends chunks of these sizes and counts the chunks that were read. */
  async function sendChunks(sizes: number[], headers: Record<string, string>) {
    let chunks = 0
    const body = new ReadableStream<Uint8Array>(
      {
        pull(controller) {
          const size = sizes[chunks++]
          if (size === undefined) controller.close()
          else controller.enqueue(new Uint8Array(size).fill(120))
        },
      },
      { highWaterMark: 0 },
    )
    const bindings = {}
    const answer = await readEnvelope(
      await send({ method: 'POST', body, bindings, headers: { ...FORM, ...headers } }),
    )
    return { code: answer.response.code, chunks }
  }
})

describe('an invalid body gets 804 with errors.body:', () => {
  it.each([
    ['a broken escape', 'owner_name=%zz', FORM],
    ['an incomplete escape', 'owner_name=%4', FORM],
    ['a lone percent sign', 'owner_name=100%', FORM],
    ['an incomplete character', 'owner_name=%F0%9F%98', FORM],
    ['an overlong encoding', 'owner_name=%C0%80', FORM],
    ['a surrogate', 'owner_name=%ED%A0%80', FORM],
    ['a broken name', '%zz=1', FORM],
    ['empty JSON', '', JSON_TYPE],
    ['an incomplete object', '{"quantity":1', JSON_TYPE],
    ['two objects', '{}{}', JSON_TYPE],
    ['a comment', '{/* */}', JSON_TYPE],
    ['an array', '[]', JSON_TYPE],
    ['a string', '"quantity=1"', JSON_TYPE],
    ['a number', '1', JSON_TYPE],
    ['null', 'null', JSON_TYPE],
    ['unclosed nesting', '['.repeat(60_000), JSON_TYPE],
    ['deep nesting', `{"x":${'['.repeat(30_000)}${']'.repeat(30_000)}}junk`, JSON_TYPE],
  ])('%s', async (_, body, headers) => {
    const answer = await post({}, { body, headers })
    expect(answer.status).toBe(422)
    expect(answer.response).toMatchObject({
      code: 804,
      errors: { body: [expect.stringMatching(/^The body .*\.$/)] },
    })
    expect(Object.keys(answer.response.errors)).toEqual(['body'])
  })

  it.each([FORM, JSON_TYPE])('invalid UTF-8, as %j', async (headers) => {
    const body = new Uint8Array([0x7b, 0x22, 0xff, 0x22, 0x7d])
    expect(Object.keys((await post({}, { body, headers })).response.errors)).toEqual(['body'])
  })

  it('incomplete JSON without an API key', async () => {
    expect((await post({}, { body: '{', headers: JSON_TYPE })).response.code).toBe(804)
  })
})

describe('a valid body', () => {
  it('may have empty pairs, names without a value, and values with equals signs', async () => {
    const body = `&&${new URLSearchParams(orderFields(shop))}&empty&=&a=b=c&`
    expect((await post({}, { body, headers: FORM })).response.code).toBe(803)
  })

  it('may start with a byte order mark and repeat field names in nested objects', async () => {
    const fields = orderFields(shop, { more: { quantity: 1, list: [{ quantity: 2 }, 'quantity', '":{'] } })
    const body = `\ufeff ${JSON.stringify(fields, null, 2)} `
    expect((await post({}, { body, headers: JSON_TYPE })).response.code).toBe(803)
  })

  it('may contain field names with a meaning in JavaScript', async () => {
    const body = JSON.stringify(orderFields(shop)).replace(
      '{',
      '{"__proto__":{"quantity":9},"constructor":1,',
    )
    const { response } = await post({}, { body, headers: JSON_TYPE })
    expect(response.license_keys).toHaveLength(2)
  })

  it('cannot set fields through the prototype', async () => {
    const { quantity: _, ...fields } = orderFields(shop)
    const body = JSON.stringify(fields).replace('{', '{"__proto__":{"quantity":"9"},')
    const { response } = await post({}, { body, headers: JSON_TYPE })
    expect(response).toMatchObject({ code: 804, errors: { quantity: ['The quantity field is required.'] } })
  })

  it.each(['Application/X-WWW-Form-Urlencoded', 'application/x-www-form-urlencoded ; charset=UTF-8', ''])(
    'may have the content type "%s"',
    async (type) => {
      const body = new URLSearchParams(orderFields(shop)).toString()
      expect((await post({}, { body, headers: { 'Content-Type': type } })).response.code).toBe(803)
    },
  )
})
