import { env } from 'cloudflare:workers'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { deliver, sweepDeliveries } from '../../../src/deliveries/deliver.ts'
import { ERASED_EMAIL } from '../../../src/protocol/owner.ts'
import { type AdminOptions, asOperator } from '../../support/admin.ts'
import { addDelivery, type TestDelivery } from '../../support/delivery.ts'
import { failureLines } from '../../support/log.ts'
import { observe } from '../../support/observed-database.ts'

afterEach(() => vi.restoreAllMocks())

const EMAIL_FROM = 'keys@example.com'
const MINUTE_MS = 60_000

/** Records what is queued, and delivers nothing. */
function queueMessages(): unknown[] {
  const bodies: unknown[] = []
  vi.spyOn(env.DELIVERIES, 'sendBatch').mockImplementation(async (messages) => {
    bodies.push(...[...messages].map(({ body }) => body))
    return {} as QueueSendBatchResponse
  })
  return bodies
}

/** Sends a delivery. @returns the e-mails that the local simulation of the service accepted */
async function sent(id: number): Promise<EmailMessageBuilder[]> {
  const emails: EmailMessageBuilder[] = []
  const EMAIL: SendEmail = {
    send(message: EmailMessage | EmailMessageBuilder) {
      emails.push(message as EmailMessageBuilder)
      return env.EMAIL.send(message as EmailMessageBuilder)
    },
  }
  await deliver({ ...env, EMAIL, EMAIL_FROM }, id, Date.now())
  return emails
}

async function resend(id: number, body: object = {}, options: AdminOptions = {}) {
  const { bindings, headers = {} } = options
  const support = await asOperator('support')
  return support.post(`/licenses/${id}/resend`, body, { headers, bindings: { EMAIL_FROM, ...bindings } })
}

async function deliveriesOf({ issuanceId }: TestDelivery) {
  const { results } = await env.DB.prepare(
    'select serial, recipient, license_key_id, status from deliveries where issuance_id = ? order by id',
  )
    .bind(issuanceId)
    .all()
  return results
}

/** A bought order whose e-mail was sent. */
function addSent(quantity = 1): Promise<TestDelivery> {
  return addDelivery({ channel: 'email', status: 'delivered', quantity })
}

/** @param columns SQL */
async function changeLicense(id: number, columns: string): Promise<void> {
  await env.DB.prepare(`update license_keys set ${columns} where id = ?`).bind(id).run()
}

describe('sending license keys again', () => {
  it('is another delivery to the owner, with a name of its own', async () => {
    const messages = queueMessages()
    const first = await addSent()
    const { status, body } = await resend(first.licenseId)
    expect(status).toBe(202)
    expect(body).toMatchObject({ channel: 'email', serial: 2, status: 'pending', recipient: null })
    expect(messages).toEqual([{ kind: 'delivery', id: body.id }])
    const [email] = await sent(body.id)
    expect(email).toMatchObject({
      to: 'ada@example.com',
      headers: { 'X-Keyseal-Delivery': expect.any(String) },
    })
    expect(email?.headers?.['X-Keyseal-Delivery']).not.toBe(first.name)
    expect(email?.text).toContain(first.licenseKeys[0])
  })

  it('goes to a corrected address, and the owner stays', async () => {
    queueMessages()
    const first = await addSent()
    const { body } = await resend(first.licenseId, { email: 'ada@corrected.example' })
    expect(await sent(body.id)).toMatchObject([{ to: 'ada@corrected.example' }])
    const owners = await env.DB.prepare(
      `select owner_email from issuances where id = ?1 union all select owner_email from license_keys where issuance_id = ?1`,
    )
      .bind(first.issuanceId)
      .all()
    expect(owners.results).toEqual([{ owner_email: 'ada@example.com' }, { owner_email: 'ada@example.com' }])
  })

  it('sends all keys of an order except those with another owner', async () => {
    queueMessages()
    const order = await addSent(3)
    const [kept = '', given = '', other = ''] = order.licenseKeys
    await changeLicense(
      order.licenseId + 1,
      `owner_name = 'Bob', owner_email = 'bob@example.com', has_new_owner = 1`,
    )
    const { body } = await resend(order.licenseId)
    const [email] = await sent(body.id)
    expect(email?.to).toBe('ada@example.com')
    for (const key of [kept, other]) expect(email?.text).toContain(key)
    expect(email?.text).not.toContain(given)
  })

  it('sends a key with another owner alone, to that owner', async () => {
    queueMessages()
    const order = await addSent(2)
    await changeLicense(
      order.licenseId,
      `owner_name = 'Bob', owner_email = 'bob@example.com', has_new_owner = 1`,
    )
    const { body } = await resend(order.licenseId)
    const [email] = await sent(body.id)
    expect(email?.to).toBe('bob@example.com')
    expect(email?.text).toContain('Hello Bob')
    expect(email?.text).toContain(order.licenseKeys[0])
    expect(email?.text).not.toContain(order.licenseKeys[1])
  })

  it('sends a key without an order, as often as it is asked for', async () => {
    queueMessages()
    const { licenseId, licenseKeys } = await addSent()
    await changeLicense(licenseId, 'issuance_id = null')
    expect((await resend(licenseId)).body.serial).toBe(1)
    const { body } = await resend(licenseId)
    expect(body.serial).toBe(2)
    expect((await sent(body.id))[0]?.text).toContain(licenseKeys[0])
  })

  it('sends nothing if the key left its order in the meantime', async () => {
    queueMessages()
    const order = await addSent()
    await changeLicense(order.licenseId, 'has_new_owner = 1')
    const { body } = await resend(order.licenseId, { email: 'bob@example.com' })
    await changeLicense(
      order.licenseId,
      `issuance_id = null, owner_email = 'eve@example.com', assigned_at = 9e15`,
    )
    expect(await sent(body.id)).toEqual([])
    expect(await deliveriesOf(order)).toMatchObject([{}, { status: 'cancelled' }])
  })
})

describe('under one idempotency key', () => {
  it('repeated and racing requests send one e-mail', async () => {
    queueMessages()
    const first = await addSent()
    const support = await asOperator('support')
    const options = { headers: { 'Idempotency-Key': 'ticket-7' }, bindings: { EMAIL_FROM } }
    const send = () =>
      support.post(`/licenses/${first.licenseId}/resend`, { email: 'ada@b.example' }, options)
    const answers = [...(await Promise.all([send(), send(), send()])), await send()]
    expect(new Set(answers.map(({ body }) => JSON.stringify(body))).size).toBe(1)
    expect(answers.at(-1)?.headers.get('Idempotent-Replayed')).toBe('true')
    expect(await deliveriesOf(first)).toHaveLength(2)
    const other = await support.post(`/licenses/${first.licenseId}/resend`, {}, options)
    expect(other).toMatchObject({ status: 409, body: { code: 'idempotency-key-reused' } })
  })

  it('a lost answer of the database adds no other delivery', async () => {
    queueMessages()
    const first = await addSent()
    let losses = 0
    const { db } = observe(env.DB, {
      after() {
        if (losses++ === 0) throw new Error('D1_ERROR: Network connection lost.')
      },
    })
    const { status, body } = await resend(first.licenseId, {}, { bindings: { DB: db } })
    expect(losses).toBe(2)
    expect(status).toBe(202)
    expect(await deliveriesOf(first)).toHaveLength(2)
    expect(await sent(body.id)).toHaveLength(1)
  })
})

it('the sweep finds a delivery whose message was lost', async () => {
  vi.spyOn(env.DELIVERIES, 'sendBatch').mockRejectedValueOnce(new Error('Queues is not available.'))
  const first = await addSent()
  const { status, body } = await resend(first.licenseId)
  expect(status).toBe(202)
  expect(failureLines()).toMatchObject([{ requestId: 'enqueue' }])
  const messages = queueMessages()
  await sweepDeliveries(env, Date.now() + 2 * MINUTE_MS)
  expect(messages).toContainEqual({ kind: 'delivery', id: body.id })
})

describe('is refused, and changes nothing,', () => {
  const cases: [string, string, object, object, number, object][] = [
    ['if the license is blocked', `status = 'blocked'`, {}, {}, 409, { code: 'license-not-assigned' }],
    [
      'if it has no owner',
      `status = 'available', assigned_at = null`,
      {},
      {},
      409,
      { code: 'license-not-assigned' },
    ],
    [
      'without an address',
      `owner_email = 'Not set'`,
      {},
      {},
      400,
      { errors: { email: [expect.any(String)] } },
    ],
    [
      'to a wrong address',
      `status = 'assigned'`,
      { email: 'ada' },
      {},
      400,
      { errors: { email: [expect.any(String)] } },
    ],
    [
      'without a sender',
      `status = 'assigned'`,
      {},
      { EMAIL_FROM: undefined },
      500,
      { code: 'setting-missing', detail: expect.stringMatching(/^EMAIL_FROM is not set/) },
    ],
  ]
  it.each(cases)('%s', async (_, columns, body, bindings, status, problem) => {
    const first = await addSent()
    await changeLicense(first.licenseId, columns)
    expect(await resend(first.licenseId, body, { bindings })).toMatchObject({ status, body: problem })
    expect(await deliveriesOf(first)).toHaveLength(1)
  })

  it('if there is no such license', async () => {
    expect(await resend(2 ** 40)).toMatchObject({ status: 404, body: { code: 'not-found' } })
  })
})

it('the audit says who sent the keys where', async () => {
  queueMessages()
  const first = await addSent()
  const support = await asOperator('support')
  const options = { bindings: { EMAIL_FROM } }
  await support.post(`/licenses/${first.licenseId}/resend`, { email: 'ada@b.example' }, options)
  const entry = await env.DB.prepare(
    'select actor, action, subject, before, after from audit_entries where actor = ?',
  )
    .bind(`operator:${support.id}`)
    .first()
  expect(entry).toEqual({
    actor: `operator:${support.id}`,
    action: 'licenses.resend',
    subject: `license:${first.licenseId}`,
    before: '{"emails":1,"recipient":null}',
    after: '{"emails":2,"recipient":"ada@b.example"}',
  })
})

it('goes to no erased owner, but to a new address', async () => {
  queueMessages()
  const first = await addSent()
  await changeLicense(first.licenseId, `owner_name = 'Erased', owner_email = '${ERASED_EMAIL}'`)
  expect((await resend(first.licenseId)).status).toBe(400)
  const { body } = await resend(first.licenseId, { email: 'ada@new.example' })
  expect(await sent(body.id)).toMatchObject([{ to: 'ada@new.example' }])
})
