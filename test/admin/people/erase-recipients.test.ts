import { env } from 'cloudflare:workers'
import { expect, it } from 'vitest'
import { asOperator } from '../../support/admin.ts'
import { addKey } from '../../support/key-life.ts'
import { order, run, tablesWith } from '../../support/people.ts'
import { openShop } from '../../support/shop.ts'

const EMAIL = 'ada@example.com'

/** An e-mail that waits, for an issuance or for a license key. */
function addEmail(of: { issuanceId?: unknown; licenseKeyId?: number }, recipient: string | null) {
  return run(
    `insert into deliveries (issuance_id, license_key_id, channel, serial, recipient, status, due_at, created_at, updated_at)
     values (?, ?, 'email', (select 1 + count(*) from deliveries), ?, 'pending', 0, 0, 0)`,
    of.issuanceId ?? null,
    of.licenseKeyId ?? null,
    recipient,
  )
}

async function issued(ownerEmail: string): Promise<unknown> {
  const shop = await openShop()
  await order(shop, 'key', { owner_email: ownerEmail })
  const row = await env.DB.prepare('select max(id) as id from issuances').first<{ id: number }>()
  return row?.id
}

it('e-mails to a corrected address are exported, canceled and made anonymous', async () => {
  const owner = await asOperator('owner')
  const ofAda = await issued(EMAIL)
  const ofGrace = await issued('grace@example.com')
  const { id: licenseKeyId } = await addKey(await openShop(), { ownerEmail: EMAIL })
  await addEmail({ issuanceId: ofAda }, 'typo@example.com')
  await addEmail({ issuanceId: ofGrace }, 'ADA@example.com')
  await addEmail({ issuanceId: ofGrace }, null)
  await addEmail({ licenseKeyId }, null)

  const exported = await owner.get(`/people?email=${EMAIL}`)
  expect(exported.body.deliveries).toMatchObject([{ recipient: 'ADA@example.com' }])
  expect(exported.body.orders[0].deliveries).toMatchObject([{ recipient: 'typo@example.com' }])
  const found = exported.body.licenses.find(({ id }: { id: number }) => id === licenseKeyId)
  expect(found.deliveries).toMatchObject([{ status: 'pending' }])

  expect((await owner.post('/people/erase', { email: EMAIL })).status).toBe(200)
  expect(await tablesWith(EMAIL, 'typo@example.com')).toEqual([])
  const { results } = await env.DB.prepare('select recipient, status from deliveries order by id').all()
  expect(results).toEqual([
    { recipient: 'erased@owner.invalid', status: 'cancelled' },
    { recipient: 'erased@owner.invalid', status: 'cancelled' },
    { recipient: null, status: 'pending' },
    { recipient: null, status: 'cancelled' },
  ])
})
