import { env } from 'cloudflare:workers'
import { describe, expect, it } from 'vitest'
import { type ApiResponse, post } from '../support/client.ts'
import { countRows, openShop, orderFields } from '../support/shop.ts'

const shop = await openShop()
const EMOJI = '😀'

async function errorsFor(changes: Record<string, unknown>, json = false): Promise<Record<string, string[]>> {
  const before = await countRows()
  const answer = await sendOrder(changes, json)
  expect(answer).toMatchObject({ status: 422, response: { code: 804, message: 'Incorrect data found' } })
  expect(Object.keys(answer.response)).toEqual(['code', 'message', 'errors', 'timestamp'])
  expect(await countRows()).toEqual(before)
  return answer.response.errors
}

function sendOrder(changes: Record<string, unknown>, json: boolean): Promise<ApiResponse> {
  const fields = orderFields(shop, changes)
  if (!json) return post(fields)
  return post({}, { body: JSON.stringify(fields), headers: { 'Content-Type': 'application/json' } })
}

describe('the response names the field, and nothing is written, if', () => {
  const numbers = ['product_id', 'quantity', 'validity', 'activation_limit']
  const junk = [
    '1e3',
    '7.0',
    '0x7',
    ' 7',
    '7 ',
    '-1',
    '+1',
    '٣',
    'seven',
    '1,000',
    '99999999999999999999',
    'NaN',
  ]

  it.each(numbers.flatMap((name) => junk.map((value) => [name, value])))(
    '%s is "%s"',
    async (name, value) => {
      const errors = await errorsFor({ [name]: value })
      expect(errors).toEqual({
        [name]: [expect.stringMatching(`^The ${name} field must be a whole number from \\d`)],
      })
    },
  )

  it.each([
    ['product_id', '0'],
    ['product_id', '2147483648'],
    ['quantity', '0'],
    ['quantity', '1001'],
    ['validity', '36501'],
    ['activation_limit', '1000001'],
    ['owner_name', 'Ada\u0000Lovelace'],
    ['owner_name', 'Ada\u0085Lovelace'],
    ['owner_name', 'Ada\u007fLovelace'],
    ['owner_email', 'ada'],
    ['owner_email', '@example.com'],
    ['owner_email', 'ada@'],
    ['owner_email', 'ada@example'],
    ['owner_email', 'ada@example..com'],
    ['owner_email', 'ada@-example.com'],
    ['owner_email', 'ada@@example.com'],
    ['owner_email', 'ada lovelace@example.com'],
    ['owner_email', 'ada@exam\u0000ple.com'],
    ['owner_email', 'a@example.com,b@example.com'],
    ['owner_email', `${'a'.repeat(243)}@example.com`],
    ['owner_email', `ada@${'a.'.repeat(124)}com`],
  ])('%s is %j', async (name, value) => {
    expect(Object.keys(await errorsFor({ [name]: value }))).toEqual([name])
  })

  it.each(['product_id', 'owner_name', 'owner_email', 'quantity', 'validity', 'activation_limit'])(
    '%s is missing, empty or null',
    async (name) => {
      const required = { [name]: [`The ${name} field is required.`] }
      expect(await errorsFor({ [name]: '' })).toEqual(required)
      expect(await errorsFor({ [name]: undefined }, true)).toEqual(required)
      expect(await errorsFor({ [name]: null }, true)).toEqual(required)
    },
  )

  it('owner_name contains only spaces', async () => {
    expect(await errorsFor({ owner_name: ' \t\u00a0 ' })).toEqual({
      owner_name: ['The owner_name field is required.'],
    })
  })

  it.each(['api_key', 'product_id', 'owner_name', 'owner_email', 'quantity', 'validity', 'activation_limit'])(
    '%s is sent twice, in either format, even with the same value',
    async (name) => {
      const fields = orderFields(shop) as Record<string, string>
      const duplicate = { [name]: [`The ${name} field must be sent only once.`] }
      const form = `${new URLSearchParams(fields)}&${new URLSearchParams({ [name]: String(fields[name]) })}`
      const asForm = { body: form, headers: { 'Content-Type': 'application/x-www-form-urlencoded' } }
      expect((await post({}, asForm)).response).toMatchObject({ code: 804, errors: duplicate })
      const json = `${JSON.stringify(fields).slice(0, -1)}, "${name}" : ${JSON.stringify(fields[name])}}`
      const asJson = { body: json, headers: { 'Content-Type': 'application/json' } }
      expect((await post({}, asJson)).response).toMatchObject({ code: 804, errors: duplicate })
      const escaped = `${JSON.stringify(fields).slice(0, -1)},"\\u00${name.charCodeAt(0).toString(16)}${name.slice(1)}":1}`
      const asEscaped = { body: escaped, headers: { 'Content-Type': 'application/json' } }
      expect((await post({}, asEscaped)).response).toMatchObject({ code: 804, errors: duplicate })
    },
  )

  it('a JSON value has the wrong type', async () => {
    const wrongValues = [true, false, [], ['1'], {}, { value: 1 }, -1, 1.5, 1e21]
    for (const name of [
      'product_id',
      'quantity',
      'validity',
      'activation_limit',
      'owner_name',
      'owner_email',
    ]) {
      for (const value of wrongValues)
        expect(Object.keys(await errorsFor({ [name]: value }, true))).toEqual([name])
    }
    for (const value of [true, 7, [], {}, { toString: 0 }]) {
      expect(Object.keys(await errorsFor({ api_key: value }, true))).toEqual(['api_key'])
    }
    expect(Object.keys(await errorsFor({ owner_name: 7, owner_email: 7 }, true))).toEqual([
      'owner_name',
      'owner_email',
    ])
  })

  it.each(['7.0', '1e1', '70e-1', '9007199254740993', '-0'])(
    'a JSON number is written as %s',
    async (number) => {
      const body = JSON.stringify(orderFields(shop)).replace('"365"', number)
      const answer = await post({}, { body, headers: { 'Content-Type': 'application/json' } })
      expect(answer.response).toMatchObject({ code: 804, errors: { validity: [expect.any(String)] } })
    },
  )

  it('a JSON string contains half of a surrogate pair', async () => {
    for (const name of ['owner_name', 'owner_email']) {
      const body = JSON.stringify(orderFields(shop)).replace(`"${name}":"`, `"${name}":"\\ud83d`)
      const answer = await post({}, { body, headers: { 'Content-Type': 'application/json' } })
      expect(Object.keys(answer.response.errors)).toEqual([name])
    }
  })

  it('all fields and the header are invalid (one response names them all)', async () => {
    const invalidFields = {
      product_id: 'x',
      owner_name: '',
      owner_email: 'x',
      quantity: '0',
      validity: '-1',
      activation_limit: '',
    }
    const answer = await post(orderFields(shop, invalidFields), { headers: { 'Idempotency-Key': 'a b' } })
    expect(Object.keys(answer.response.errors).sort()).toEqual(
      [...Object.keys(invalidFields), 'Idempotency-Key'].sort(),
    )
  })

  it.each(['', 'a b', 'ü', 'x'.repeat(256), '\t'])('the Idempotency-Key header is %j', async (value) => {
    const answer = await post(orderFields(shop), { headers: { 'Idempotency-Key': value } })
    expect(answer.response).toMatchObject({ code: 804, errors: { 'Idempotency-Key': [expect.any(String)] } })
  })
})

describe('a field is accepted at its limit:', () => {
  it.each([
    ['quantity', '1', 1],
    ['quantity', '1000', 1000],
    ['validity', '0', 0],
    ['validity', '36500', 36_500],
    ['validity', '007', 7],
    ['activation_limit', '0', 0],
    ['activation_limit', '1000000', 1_000_000],
    ['owner_name', 'x', 'x'],
    ['owner_name', 'x'.repeat(255), 'x'.repeat(255)],
    ['owner_name', EMOJI.repeat(255), EMOJI.repeat(255)],
    ['owner_name', `  ${'x'.repeat(255)} `, 'x'.repeat(255)],
    ['owner_name', 'x'.repeat(256), 'x'.repeat(255)],
    ['owner_name', EMOJI.repeat(256), EMOJI.repeat(255)],
    ['owner_name', 'Ada\nLovelace', 'Ada Lovelace'],
    ['owner_email', ' ada@example.com\n', 'ada@example.com'],
    ['owner_email', `${'a'.repeat(242)}@example.com`, `${'a'.repeat(242)}@example.com`],
    ['owner_email', `${'a'.repeat(64)}@${'b.'.repeat(93)}com`, `${'a'.repeat(64)}@${'b.'.repeat(93)}com`],
  ])('%s %s', async (name, value, expected) => {
    const { response } = await post(orderFields(shop, { [name]: value }))
    expect(response.code).toBe(803)
    if (name === 'quantity') expect(response.license_keys).toHaveLength(Number(expected))
    else expect(response.license_keys[0][name]).toBe(expected)
  })

  it('product_id 2147483647', async () => {
    const last = await openShop({ productId: 2_147_483_647 })
    expect((await post(orderFields(last))).response.license_keys[0].product_id).toBe(2_147_483_647)
  })

  it.each(['!', '~', `${'x'.repeat(255)}`])('Idempotency-Key header %s', async (value) => {
    expect((await post(orderFields(shop), { headers: { 'Idempotency-Key': value } })).response.code).toBe(803)
  })

  it.each([
    ['3', '3', 803],
    ['3', '4', 804],
    ['10000', '10001', 804],
    ['20000', '10000', 803],
    ['20000', '10001', 804],
    [undefined, '1000', 803],
    [undefined, '1001', 804],
  ])('MAX_QUANTITY %s, quantity %s, code %i', async (limit, quantity, code) => {
    const answer = await post(orderFields(shop, { quantity }), { bindings: { MAX_QUANTITY: limit } })
    expect(answer.response.code).toBe(code)
    if (code === 803) expect(answer.response.license_keys).toHaveLength(Number(quantity))
  })
})

describe('names and e-mail addresses in any script are returned unchanged:', () => {
  it.each([
    ['Ада Лавлейс', 'ада@пример.рф'],
    ['愛達·勒芙蕾絲', '愛達@例え.テスト'],
    ['آدا لوفليس', 'ada@example.com'],
    ['अदा लवलेस', 'अदा@उदाहरण.भारत'],
    ['עדה לאבלייס', 'ada@bücher.example'],
    ['𝔸𝕕𝕒 😀👩‍👩‍👧‍👦', "o'brien+keys@sub.example.co.uk"],
    [`"Ada" \\ </script> ' OR 1=1; -- %`, 'ada_%@example.com'],
    ['e\u0301 und é', 'a@b.co'],
  ])('%s <%s>', async (name, address) => {
    for (const json of [false, true]) {
      const { response } = await sendOrder({ owner_name: name, owner_email: address }, json)
      expect(response.code).toBe(803)
      expect(response.license_keys[0]).toMatchObject({ owner_name: name, owner_email: address })
      const stored = await env.DB.prepare('select owner_name, owner_email from license_keys where id = ?')
        .bind(response.license_keys[0].id)
        .first()
      expect(stored).toEqual({ owner_name: name, owner_email: address })
    }
  })
})
