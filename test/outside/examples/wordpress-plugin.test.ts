/** The WordPress plugin of the examples, in its preview and in WordPress. */
import { readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { freePort, isInstalled, startService } from '../support/clone.ts'
import { example } from '../support/readme.ts'
import { LocalService } from './support/local-service.ts'
import { LICENSE_OPTION, licenseTextOf, type Site, Visitor } from './support/site.ts'
import { hasWordPress, startWordPress } from './support/wordpress.ts'

const NONE = 'Enter your license key, or start a trial.'
const ACTIVE = 'The license is active. Days left: 365'
const BLOCKED = 'The license was blocked. Please contact us.'

const hasPhp = isInstalled('php', '-r', 'sodium_crypto_sign_keypair(); openssl_verify(...);')

const service = new LocalService()
const pluginFolder = () => path.join(service.clone, 'examples/wordpress-plugin')

/** Runs the command of the document, on a free port. */
async function startPreview(): Promise<Site> {
  const port = await freePort()
  const plugin = pluginFolder()
  const manifest = path.join(plugin, 'package.json')
  writeFileSync(manifest, readFileSync(manifest, 'utf8').replace('8788', String(port)))
  const command = ['bash', '-c', example('run: example-wordpress-plugin')]
  const preview = await startService(
    service.clone,
    service.port,
    /Development Server \(.*\) started/,
    command,
  )
  const options = path.join(plugin, 'preview-options.json')
  return {
    origin: `http://127.0.0.1:${port}`,
    signIn: async () => {},
    makeRefreshDue() {
      const all = JSON.parse(readFileSync(options, 'utf8'))
      const stored = { ...JSON.parse(all[LICENSE_OPTION]), refreshAt: 0 }
      writeFileSync(options, JSON.stringify({ ...all, [LICENSE_OPTION]: JSON.stringify(stored) }))
    },
    stop: async () => {
      await preview.interrupt()
    },
  }
}

beforeAll(() => service.start())
afterAll(() => service.remove())

describe.skipIf(!hasPhp)('the WordPress plugin (skipped without PHP with sodium and openssl)', () => {
  describe.each([
    { place: 'its preview', canRun: true, hasUsers: false, start: startPreview },
    // The command above has completed the folder of the plugin.
    {
      place: 'WordPress (skipped without the Debian packages of WordPress and MariaDB)',
      canRun: hasWordPress,
      hasUsers: true,
      start: () => startWordPress(pluginFolder()),
    },
  ])('in $place', ({ canRun, hasUsers, start }) => {
    const test = canRun ? it : it.skip
    let site: Site
    let admin: Visitor

    beforeAll(async () => {
      if (!canRun) return
      site = await start()
      admin = new Visitor(site.origin)
      await site.signIn(admin, 'admin')
    })
    afterAll(() => site?.stop())

    test('draws a golden frame with a license, also while the server cannot be reached', async () => {
      expect(licenseTextOf((await admin.openSettings()).text)).toBe(NONE)
      expect(await admin.frame()).toBe('gray')
      expect(await admin.press('activate', 'wrong')).toBe('This license key is wrong.')
      expect(await admin.press('activate', service.buy().licenseKey)).toBe(ACTIVE)
      expect(await admin.frame()).toBe('gold')
      await service.stop()
      try {
        expect(await admin.press('refresh')).toBe(`The license server cannot be reached. ${ACTIVE}`)
        expect(await admin.frame()).toBe('gold')
      } finally {
        await service.start()
      }
      expect(await admin.press('deactivate')).toBe(NONE)
      expect(await admin.frame()).toBe('gray')
    })

    test('refreshes the license from wp-cron', async () => {
      const { licenseKey, refund } = service.buy()
      await admin.press('activate', licenseKey)
      refund()
      site.makeRefreshDue()
      expect(await admin.frame()).toBe('gold')
      await new Visitor(site.origin).open('/wp-cron.php')
      await expect.poll(() => admin.frame(), { timeout: 10_000 }).toBe('gray')
      expect(licenseTextOf((await admin.openSettings()).text)).toBe(BLOCKED)
    })

    test('starts a trial', async () => {
      expect(await admin.press('trial')).toBe('The license is active. Days left: 14')
      expect(await admin.frame()).toBe('gold')
    })

    // The preview has no users.
    const testWithUsers = canRun && hasUsers ? it : it.skip
    testWithUsers('shows its settings only to administrators', async () => {
      const [anyone, editor] = [new Visitor(site.origin), new Visitor(site.origin)]
      await site.signIn(editor, 'editor')
      for (const visitor of [anyone, editor]) {
        expect(licenseTextOf((await visitor.openSettings()).text)).toBeUndefined()
      }
      expect((await editor.open('/wp-admin/')).text).toContain('Profile')
    })

    test('refuses a form without its nonce', async () => {
      const before = licenseTextOf((await admin.openSettings()).text)
      const { text } = await admin.openSettings({ do: 'deactivate', _wpnonce: 'wrong' })
      expect(text).toContain('The link you followed has expired.')
      expect(licenseTextOf((await admin.openSettings()).text)).toBe(before)
    })
  })
})
