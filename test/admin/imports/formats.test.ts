import { describe, expect, it } from 'vitest'
import { FORMATS, type ImportFormat } from '../../../src/admin/imports/formats/index.ts'
import type { ReadRow } from '../../../src/admin/imports/formats/license.ts'
import { SAMPLES } from './samples.ts'

describe('Gumroad', () => {
  const rows = read('gumroad')

  it('takes over a sale with its owner, time and ids', () => {
    expect(rows[0]).toEqual(
      license({
        licenseKey: '85DB562A-C11D4B06-A2335A6B-8C079166',
        products: ['abcde', 'Pixel Editor'],
        ownerName: 'Ada Lovelace',
        ownerEmail: 'ada@example.com',
        assignedAt: Date.UTC(2023, 4, 1, 12, 34, 56),
        createdAt: Date.UTC(2023, 4, 1, 12, 34, 56),
        reference: 'Zk3mW0aXw1pQ==',
        metadata: {
          gumroad_sale_id: 'Zk3mW0aXw1pQ==',
          gumroad_order_number: '481516234',
          gumroad_variants: 'Team',
          gumroad_quantity: '1',
        },
      }),
    )
  })

  it('blocks refunded sales and disabled license keys', () => {
    expect([rows[1], rows[6]]).toMatchObject([
      { license: { status: 'blocked' } },
      { license: { status: 'blocked' } },
    ])
  })

  it('gives a gift to its receiver', () => {
    expect(rows[2]).toMatchObject({ license: { ownerName: null, ownerEmail: 'dan@example.com' } })
  })

  it('ends a membership with its last paid period', () => {
    expect(rows[3]).toMatchObject({
      license: { ownerName: '=Eve', validityDays: 61, expiresAt: null, assignedAt: Date.UTC(2023, 7, 31) },
    })
  })

  it('skips later charges, sales without a license key, and totals', () => {
    expect([rows[4], rows[5], rows[8]]).toMatchObject([
      { kind: 'skipped' },
      { kind: 'skipped' },
      { kind: 'skipped' },
    ])
  })

  it('names the column of an unusable cell', () => {
    expect(rows[7]).toEqual({
      kind: 'refused',
      errors: { 'Purchase Email': ['The column Purchase Email must be an e-mail address.'] },
    })
  })

  it.each([
    [{ 'Disputed?': '1' }, 'blocked'],
    [{ 'Disputed?': '1', 'Dispute Won?': '1' }, 'assigned'],
    [{ 'Access Revoked?': '1' }, 'blocked'],
    [{ 'Refunded?': '1', 'Partial Refund ($)': '5.0' }, 'assigned'],
  ])('turns %o into the status %s', (cells, status) => {
    expect(FORMATS.gumroad({ ...SAMPLES.gumroad?.[0], ...cells })).toMatchObject({ license: { status } })
  })
})

describe('Lemon Squeezy', () => {
  const rows = read('lemon-squeezy')

  it('takes over a license key object of the API', () => {
    const createdAt = Date.UTC(2024, 4, 24, 14, 15, 7)
    expect(rows[0]).toEqual(
      license({
        licenseKey: '80e15db5-c796-436b-850c-8f9c98a48abe',
        products: ['12'],
        ownerName: 'Ada Lovelace',
        ownerEmail: 'ada@example.com',
        activationLimit: 5,
        assignedAt: createdAt,
        createdAt,
        reference: '7001',
        metadata: {
          lemon_squeezy_license_key_id: '1',
          lemon_squeezy_order_id: '7001',
          lemon_squeezy_order_item_id: '8001',
          lemon_squeezy_customer_id: '31',
        },
      }),
    )
  })

  it('reads no limit as unlimited, and keeps the expiry', () => {
    expect(rows[1]).toMatchObject({ license: { activationLimit: 0, validityDays: 365, status: 'assigned' } })
    expect(rows[2]).toMatchObject({
      license: { status: 'assigned', validityDays: 31, expiresAt: Date.UTC(2024, 5, 24, 10) },
    })
  })

  it('blocks disabled keys, and those that ended with a subscription', () => {
    expect([rows[3], rows[4]]).toMatchObject([
      { license: { status: 'blocked' } },
      { license: { status: 'blocked' } },
    ])
  })

  it('skips licenses of the test mode', () => {
    expect(FORMATS['lemon-squeezy']({ attributes: { key: 'K-1', test_mode: true } })).toMatchObject({
      kind: 'skipped',
    })
  })

  it('reads attributes as columns with other names', () => {
    const row = {
      'License key': 'K-1',
      'Customer email': 'ada@example.com',
      'Activation limit': 'Unlimited',
      Status: 'Active',
    }
    expect(FORMATS['lemon-squeezy'](row)).toMatchObject({
      license: { licenseKey: 'K-1', ownerEmail: 'ada@example.com', activationLimit: 0, status: 'assigned' },
    })
  })
})

describe('Keygen', () => {
  const rows = read('keygen')

  it('takes over a license object with its metadata', () => {
    expect(rows[0]).toEqual(
      license({
        licenseKey: 'C1B6DE-39A6E3-DE1529-8559A0-4AF593-V3',
        products: ['6b8c2d3e-4f5a-4b6c-9d7e-8f9a0b1c2d3e', '5a7b1c2d-3e4f-4a5b-8c6d-7e8f9a0b1c2d'],
        ownerEmail: 'ada@example.com',
        activationLimit: 5,
        validityDays: 365,
        assignedAt: Date.UTC(2026, 0, 2),
        createdAt: Date.UTC(2026, 0, 2),
        reference: 'b4e0f1a2-1111-4a5b-8c6d-7e8f9a0b1c2d',
        metadata: {
          orderNumber: 'A-17',
          email: 'ada@example.com',
          keygen_license_id: 'b4e0f1a2-1111-4a5b-8c6d-7e8f9a0b1c2d',
        },
      }),
    )
  })

  it('reads a joined owner and joined machines, and blocks a suspended license', () => {
    expect(rows[1]).toMatchObject({
      license: {
        status: 'blocked',
        ownerName: 'Grace Hopper',
        ownerEmail: 'grace@example.com',
        activationLimit: 0,
        validityDays: 0,
        activations: [{ identifier: '4d:Eq:UV:D3:XZ', createdAt: Date.UTC(2026, 1, 3, 4, 5, 6) }],
      },
    })
  })

  it('keeps the expiry of an expired license, and metadata of any kind', () => {
    expect(rows[2]).toMatchObject({
      license: { status: 'assigned', expiresAt: Date.UTC(2026, 1, 1, 12), metadata: { seats: '{"min":1}' } },
    })
  })

  it('refuses what is no license object', () => {
    expect(FORMATS.keygen({ key: 'K-1' })).toMatchObject({
      kind: 'refused',
      errors: { attributes: [expect.any(String)] },
    })
  })
})

describe('Easy Digital Downloads', () => {
  const rows = read('edd')

  it('takes over a license with its sites', () => {
    const assignedAt = Date.UTC(2024, 0, 10, 9, 15)
    expect(rows[0]).toEqual(
      license({
        licenseKey: '3d1b2f6a9c8e4d7f5a0b1c2d3e4f5a6b',
        products: ['Form Builder'],
        ownerName: 'Ada Lovelace',
        ownerEmail: 'ada@example.com',
        activationLimit: 3,
        validityDays: 366,
        assignedAt,
        createdAt: assignedAt,
        reference: '812',
        metadata: { edd_license_id: '812', edd_customer_id: '77', edd_price_id: '2' },
        activations: [
          { identifier: 'https://www.ada.example.com/', createdAt: null },
          { identifier: 'staging.ada.example.com', createdAt: null },
        ],
      }),
    )
  })

  it('reads lifetime and unlimited as 0', () => {
    expect(rows[1]).toMatchObject({
      license: { status: 'assigned', validityDays: 0, expiresAt: null, activationLimit: 0 },
    })
  })

  it('keeps the expiry of an expired license, and blocks a disabled one', () => {
    expect(rows[2]).toMatchObject({ license: { status: 'assigned', validityDays: 365 } })
    expect(rows[3]).toMatchObject({ license: { status: 'blocked' } })
  })

  it('reports every unusable column of a row', () => {
    expect(rows[4]).toMatchObject({
      kind: 'refused',
      errors: {
        'License Status': [expect.any(String)],
        'Purchase Date': [expect.any(String)],
        'Activation Limit': [expect.any(String)],
      },
    })
  })
})

describe('License Manager for WooCommerce', () => {
  const rows = read('woocommerce')

  it('takes over a sold license key with the id of its order', () => {
    const assignedAt = Date.UTC(2024, 1, 2, 12)
    expect(rows[0]).toEqual(
      license({
        licenseKey: 'PRO-7H2K-9QWE-4RTZ-1XCV',
        products: ['55'],
        activationLimit: 3,
        validityDays: 365,
        assignedAt,
        createdAt: assignedAt,
        reference: '1042',
        metadata: { woocommerce_license_id: '1', woocommerce_order_id: '1042', woocommerce_user_id: '7' },
      }),
    )
  })

  it('puts unsold license keys into stock, or aside', () => {
    expect([rows[2], rows[3]]).toMatchObject([
      { license: { status: 'available', validityDays: 365, assignedAt: null, reference: null } },
      { license: { status: 'reserved' } },
    ])
  })

  it('blocks what was sold and withdrawn, and ends a day when it is over', () => {
    expect(rows[4]).toMatchObject({ license: { status: 'blocked', validityDays: 366, expiresAt: null } })
  })

  it('reads the objects of its REST API', () => {
    const row = {
      id: '9',
      orderId: '77',
      productId: '55',
      licenseKey: 'K-9',
      timesActivatedMax: '2',
      status: '2',
    }
    expect(
      FORMATS.woocommerce({ ...row, createdAt: '2024-01-01 00:00:00', user_email: 'ada@example.com' }),
    ).toMatchObject({
      license: {
        licenseKey: 'K-9',
        status: 'assigned',
        activationLimit: 2,
        reference: '77',
        ownerEmail: 'ada@example.com',
      },
    })
  })

  it('refuses a fixed expiry of a license key in stock', () => {
    const row = { id: '9', license_key: 'K-9', status: 'ACTIVE', expires_at: '2027-01-01 00:00:00' }
    expect(FORMATS.woocommerce(row)).toMatchObject({
      kind: 'refused',
      errors: { expires_at: [expect.any(String)] },
    })
  })
})

describe('our own export', () => {
  it('reads lists and objects as JSON and as text', () => {
    const [row = {}] = SAMPLES.keyseal ?? []
    const asText = Object.fromEntries(
      Object.entries(row).map(([name, value]) => [
        name,
        typeof value === 'string' ? value : JSON.stringify(value),
      ]),
    )
    expect(FORMATS.keyseal(asText)).toEqual(FORMATS.keyseal(row))
    expect(FORMATS.keyseal(row)).toEqual(
      license({
        licenseKey: '9c0b8f0e-0d0a-4c9b-9a53-0f6f1f2f3a4b',
        products: ['3'],
        ownerName: 'Ada Lovelace',
        ownerEmail: 'ada@example.com',
        activationLimit: 3,
        validityDays: 365,
        assignedAt: Date.UTC(2026, 0, 1),
        createdAt: Date.UTC(2025, 11, 31, 23, 59, 59, 500),
        features: ['export', 'team'],
        reference: 'order-17',
        metadata: { plan: 'pro', note: 'two\nlines' },
        activations: [{ identifier: 'laptop', createdAt: Date.UTC(2026, 0, 2) }],
      }),
    )
  })

  it.each([
    ['license_key', 'k'.repeat(256)],
    ['license_key', ''],
    ['status', 'sold'],
    ['owner_email', 'Ada <ada@example.com>'],
    ['activation_limit', '1000001'],
    ['validity_days', '-2'],
    ['expires_at', '2026-02-30'],
    ['assigned_at', '01/02/2026'],
    ['features', 'two words'],
    ['metadata', '["plan"]'],
    ['metadata', { plan: 'x'.repeat(10_001) }],
    // The parser of bodies makes a symbol of a number like 7.0.
    ['metadata', { price: Symbol('7.0') }],
    ['metadata', { price: { eur: Symbol('7.0') } }],
    ['license_key', Symbol('7.0')],
    ['owner_name', { first: 'Ada' }],
    ['activations', '{"identifier":"laptop"}'],
    ['activations', [{ identifier: '' }]],
    ['activations', [{ identifier: 'laptop', created_at: 'yesterday' }]],
    ['reference', { id: 7 }],
  ])('refuses a wrong %s (%#)', (column, value) => {
    expect(FORMATS.keyseal({ ...SAMPLES.keyseal?.[0], [column]: value })).toEqual({
      kind: 'refused',
      errors: { [column]: [expect.stringContaining(column)] },
    })
  })
})

function read(format: ImportFormat): ReadRow[] {
  return (SAMPLES[format] ?? []).map(FORMATS[format])
}

/** A license with what most of them have. */
function license(values: object): object {
  const absent = { ownerName: null, ownerEmail: null, features: null, expiresAt: null, reference: null }
  const defaults = { status: 'assigned', activationLimit: 0, validityDays: 0, metadata: {}, activations: [] }
  return { kind: 'license', license: { ...absent, ...defaults, ...values } }
}
