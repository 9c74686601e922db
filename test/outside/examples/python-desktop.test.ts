/** The Python desktop app of the examples, in a window on a display without a screen. */
import { mkdtempSync, symlinkSync } from 'node:fs'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import type { ClientDriver } from '../clients/support/client-driver.ts'
import { isInstalled, run } from '../support/clone.ts'
import { example } from '../support/readme.ts'
import { LocalService } from './support/local-service.ts'

const [PYTHON] = ['python3', '/usr/bin/python3'].filter((python) =>
  isInstalled(python, '-c', 'import cryptography, tkinter'),
)
const CAN_RUN = PYTHON !== undefined && isInstalled('xvfb-run', '--help')
const NONE = 'Enter your license key, or start a trial.'
/** A Tcl expression: the window that asks for a license key. */
const DIALOG = '[lsearch -inline [winfo children .] *querystring*]'
const WAIT = { timeout: 20_000 }

describe.skipIf(!CAN_RUN)(
  'the Python desktop app (skipped without xvfb and a python3 with tkinter and cryptography)',
  () => {
    const service = new LocalService()
    beforeAll(() => service.start())
    afterAll(() => service.remove())

    const drivers: ClientDriver[] = []
    afterAll(() => {
      for (const driver of drivers) driver.end()
    })

    /** Starts the app as its document says. @returns what runs a Tcl script in it */
    async function openApp() {
      // The command runs the first python3.
      const bin = mkdtempSync(path.join(inject('scratch'), 'bin-'))
      symlinkSync(run('.', 'which', PYTHON ?? '').output.trim(), path.join(bin, 'python3'))
      const start = example('run: example-python-desktop').trim().replace('npm', 'npm --silent')
      const driver = path.join(import.meta.dirname, 'support/tk_driver.py')
      const script = `export PATH=${bin}:$PATH; (${start}) >&2 & exec python3 ${driver}`
      const driving = service.drive(`xvfb-run -a bash -c '${script}'`, service.newComputer())
      drivers.push(driving)
      return (tcl: string) => driving.ask({ app: 'keyseal-example', script: tcl })
    }

    it('activates a license with its dialog, and exports only with it', async () => {
      const tcl = await openApp()
      const state = async () => (await tcl('.state cget -text')).result
      const canExport = async () => (await tcl('.export cget -state')).result === 'normal'
      /** A button may open a dialog, which ends later. */
      const press = (button: string) => tcl(`after 0 {${button} invoke}`)
      async function enterKey(licenseKey: string): Promise<void> {
        const isOpen = async () => (await tcl(`winfo viewable ${DIALOG}`)).result === '1'
        await press('.enter')
        await expect.poll(isOpen, WAIT).toBe(true)
        await tcl(`${DIALOG}.!frame.entry insert 0 ${licenseKey}`)
        await press(`${DIALOG}.!frame2.!button`)
        await expect.poll(isOpen, WAIT).toBe(false)
      }

      await expect.poll(state, WAIT).toBe(NONE)
      expect(await canExport()).toBe(false)
      await enterKey('wrong')
      await expect.poll(state, WAIT).toBe('This license key is wrong.')
      const { licenseKey, refund } = service.buy()
      await enterKey(licenseKey)
      await expect.poll(state, WAIT).toBe('Your license is active.\nDays left: 365')
      expect(await canExport()).toBe(true)
      refund()
      await press('.refresh')
      await expect.poll(state, WAIT).toBe('Your license was blocked. Please contact us.')
      expect(await canExport()).toBe(false)
      await enterKey(service.buy().licenseKey)
      await expect.poll(canExport, WAIT).toBe(true)
      await press('.deactivate')
      await expect.poll(state, WAIT).toBe(NONE)
      await service.stop()
      await press('.trial')
      await expect.poll(state, WAIT).toBe(`The license server cannot be reached.\n${NONE}`)
      await service.start()
      await press('.trial')
      await expect.poll(state, WAIT).toBe('Your license is active.\nDays left: 14')
      await press('.export')
      const ok = '[lsearch -inline [winfo children .] *messagebox*].ok'
      await expect.poll(() => tcl(`winfo viewable ${ok}`), WAIT).toEqual({ result: '1' })
      await press(ok)
      await expect.poll(() => tcl(`winfo exists ${ok}`), WAIT).toEqual({ result: '0' })
      await tcl('after 0 {destroy .}')
    })
  },
)
