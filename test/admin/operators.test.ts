import { env } from 'cloudflare:workers'
import { describe, expect, it } from 'vitest'
import { ADMIN_TOKEN, asOperator, asRoot, auditOf, sendAdmin } from '../support/admin.ts'
import { failureLines } from '../support/log.ts'

describe('root', () => {
  it('adds an operator whose token works and is stored as a hash only', async () => {
    const added = await asRoot().post('/operators', { name: 'Ada', role: 'owner', email: 'ada@example.com' })
    expect(added).toMatchObject({ status: 201, body: { name: 'Ada', role: 'owner', status: 'active' } })
    const { token } = added.body
    expect(token).toMatch(/^keyseal_[\w-]{43}$/)
    expect(await sendAdmin('GET', '/me', token, undefined)).toMatchObject({
      status: 200,
      body: { id: added.body.id, role: 'owner', email: 'ada@example.com' },
    })
    const { results } = await env.DB.prepare('select * from operators').all()
    expect(JSON.stringify(results)).not.toContain(token)
  })

  it('needs a secret of at least 32 characters', async () => {
    for (const secret of [undefined, '', 'short']) {
      const options = { bindings: { ADMIN_TOKEN: secret } }
      const answer = await sendAdmin('GET', '/operators', secret || ADMIN_TOKEN, undefined, options)
      expect(answer).toMatchObject({ status: 401, body: { code: 'token-invalid' } })
    }
    expect(failureLines()[0]?.message).toContain('ADMIN_TOKEN is not set. To fix it: ')
    expect(failureLines()[2]?.message).toContain('ADMIN_TOKEN has fewer than 32 characters')
  })

  it('cannot be changed or listed', async () => {
    const root = asRoot()
    expect((await root.patch('/operators/1', { name: 'Eve' })).status).toBe(404)
    expect((await root.post('/operators/1/revoke')).status).toBe(404)
    const { body } = await root.get('/operators')
    expect(body.items.map(({ role }: { role: string }) => role)).not.toContain('root')
  })
})

describe('an operator', () => {
  it('is refused after it is revoked or has expired', async () => {
    const revoked = await asOperator('owner', { status: 'revoked' })
    const expired = await asOperator('owner', { expiresAt: Date.now() - 1 })
    for (const operator of [revoked, expired]) {
      const answer = await operator.get('/me')
      expect(answer).toMatchObject({ status: 401, body: { code: 'token-invalid' } })
      expect(answer.headers.get('WWW-Authenticate')).toBe('Bearer')
    }
  })

  it('gets a new token, and the old one stops working', async () => {
    const operator = await asOperator('support')
    const rotated = await asRoot().post(`/operators/${operator.id}/rotate`)
    expect(rotated.status).toBe(200)
    expect((await operator.get('/me')).status).toBe(401)
    expect((await sendAdmin('GET', '/me', rotated.body.token, undefined)).status).toBe(200)
  })

  it('is created once, and its token is shown once', async () => {
    const options = { headers: { 'Idempotency-Key': crypto.randomUUID() } }
    const [first, second] = [
      await asRoot().post('/operators', { name: 'Once', role: 'viewer' }, options),
      await asRoot().post('/operators', { name: 'Once', role: 'viewer' }, options),
    ]
    expect(second.headers.get('Idempotent-Replayed')).toBe('true')
    expect(second.body).toEqual({ ...first.body, token: null })
    const other = await asRoot().post('/operators', { name: 'Twice', role: 'viewer' }, options)
    expect(other).toMatchObject({ status: 409, body: { code: 'idempotency-key-reused' } })
  })

  it('is not overwritten by someone who read an older version', async () => {
    const { id } = await asOperator('viewer')
    const root = asRoot()
    const first = await root.patch(`/operators/${id}`, { name: 'First' })
    const headers = { 'If-Match': first.headers.get('ETag') ?? '' }
    expect((await root.patch(`/operators/${id}`, { name: 'Second' }, { headers })).status).toBe(200)
    const third = await root.patch(`/operators/${id}`, { name: 'Third' }, { headers })
    expect(third).toMatchObject({ status: 412, body: { code: 'version-mismatch' } })
    const { body } = await root.get('/operators?limit=200')
    expect(body.items.find((item: { id: number }) => item.id === id).name).toBe('Second')
  })

  it('keeps what a change omits, and loses what it sets to null', async () => {
    const { body } = await asRoot().post('/operators', {
      name: 'Ada',
      role: 'viewer',
      email: 'ada@example.com',
      expires_at: '2030-01-01',
    })
    const changed = await asRoot().patch(`/operators/${body.id}`, { expires_at: null })
    expect(changed.body).toMatchObject({ name: 'Ada', email: 'ada@example.com', expires_at: null })
  })
})

it('the audit tells who changed what, before and after, without tokens', async () => {
  const owner = await asOperator('owner')
  const { body } = await owner.post('/operators', { name: 'Ada', role: 'viewer' })
  await owner.patch(`/operators/${body.id}`, { role: 'support' })
  await owner.post(`/operators/${body.id}/revoke`)
  const state = { name: 'Ada', email: null, role: 'viewer', status: 'active', expires_at: null }
  const actor = `operator:${owner.id}`
  expect(await auditOf(`operator:${body.id}`)).toEqual([
    { actor, action: 'operators.create', before: null, after: state },
    { actor, action: 'operators.change', before: state, after: { ...state, role: 'support' } },
    {
      actor,
      action: 'operators.revoke',
      before: { ...state, role: 'support' },
      after: { ...state, role: 'support', status: 'revoked' },
    },
  ])
})

it('names every wrong field, and changes nothing', async () => {
  const answer = await asRoot().post('/operators', { name: '', role: 'king', nickname: 'Ada' })
  expect(answer).toMatchObject({
    status: 400,
    body: {
      code: 'invalid-request',
      errors: {
        name: ['The name field is required.'],
        role: ['The selected role is invalid.'],
        nickname: ['The nickname field is unknown.'],
      },
    },
  })
})

it('lists operators in pages', async () => {
  const root = asRoot()
  for (let count = 0; count < 3; count++) await asOperator('viewer')
  const { body: whole } = await root.get('/operators?limit=200')
  const ids: number[] = []
  for (let cursor: string | null = ''; cursor !== null; ) {
    const { body } = await root.get(`/operators?limit=2${cursor && `&cursor=${cursor}`}`)
    ids.push(...body.items.map(({ id }: { id: number }) => id))
    cursor = body.next_cursor
  }
  expect(ids).toEqual(whole.items.map(({ id }: { id: number }) => id))
})
