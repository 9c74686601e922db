import { env } from 'cloudflare:workers'
import { expect, it } from 'vitest'
import { compiledStatements } from '../../src/db/batch.ts'
import '../../src/index.ts'
import '../../src/issuing/reissue.ts'

it('every statement is valid on the migrated schema', async () => {
  expect(compiledStatements.length).toBeGreaterThan(100)
  for (const { sql, placeholders } of compiledStatements) {
    const values = placeholders.map(() => null)
    const steps = env.DB.prepare(`explain ${sql}`)
      .bind(...values)
      .all()
    await expect(steps, sql).resolves.toMatchObject({ success: true })
  }
})

it('every statement is within the limits of D1', () => {
  for (const { sql, placeholders } of compiledStatements) {
    expect(placeholders.length, sql).toBeLessThanOrEqual(100)
    expect(sql.length, sql).toBeLessThanOrEqual(100_000)
  }
})
