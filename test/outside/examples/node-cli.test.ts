/** The command-line tool of the examples, started as its document says. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { example } from '../support/readme.ts'
import { LocalService } from './support/local-service.ts'

const service = new LocalService()
const START = example('run: example-node-cli')

beforeAll(async () => {
  await service.start()
  // Builds the client and writes keyseal.json. The tests then run what npm runs, because npm starts slowly.
  service.shell(START, service.newComputer())
})
afterAll(() => service.remove())

const PLAIN = '------\n| Hi |\n------'
const PRO = '══════\n║ Hi ║\n══════'
const ACTIVE = 'Your license is active for 365 days.'

/** A computer with the tool. @returns what runs one of its commands */
function newTool() {
  const computer = service.newComputer()
  return (command: string, options: { input?: string; days?: number } = {}) =>
    service.shell(`node examples/node-cli/tool.js ${command}`, computer, options)
}

describe('the command-line tool', () => {
  it('works without a license, and says how to get one', () => {
    const tool = newTool()
    expect(service.shell(START, service.newComputer())).toMatch(
      /^Commands:\n {2}draw <text> [\s\S]*\nYou have no license\. Run: activate, or trial$/,
    )
    expect(tool('draw Hi')).toBe(PLAIN)
    expect(tool('activate wrong')).toBe('This license key is wrong.')
  })

  it('runs on without the server, until the grace period is over', async () => {
    const tool = newTool()
    const purchase = service.shell(example('run: example-purchase'), service.newComputer())
    const [licenseKey] = /[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}/.exec(purchase) ?? []
    expect(tool(`activate ${licenseKey}`)).toBe(ACTIVE)
    await service.stop()
    try {
      expect(tool('draw Hi')).toBe(PRO)
      expect(tool('refresh')).toBe(
        `The license server cannot be reached. Are you connected to the internet?\n${ACTIVE}`,
      )
      expect(tool('draw Hi', { days: 15 })).toBe(
        `${PRO}\nYour license could not be renewed. Connect to the internet within 6 days.`,
      )
      expect(tool('draw Hi', { days: 22 })).toBe(
        `${PLAIN}\nYour license has ended. Renew it, then run: refresh`,
      )
      expect(tool('draw Hi')).toBe(
        `${PLAIN}\nThe clock of this computer is wrong. Correct it, then run: refresh`,
      )
    } finally {
      await service.start()
    }
    expect(tool('refresh')).toBe(ACTIVE)
  })

  it('stops after a refund', () => {
    const tool = newTool()
    const { licenseKey, refund } = service.buy()
    tool(`activate ${licenseKey}`)
    refund()
    expect(tool('refresh')).toBe('Your license was blocked. Please contact us.')
    expect(tool('draw Hi')).toBe(`${PLAIN}\nYour license was blocked. Please contact us.`)
  })

  it('frees its place in a license that is full', async () => {
    const [first, second] = [newTool(), newTool()]
    const { licenseKey } = service.buy()
    await service.activate(licenseKey, 'a', 'b')
    expect(first(`activate ${licenseKey}`)).toBe(ACTIVE)
    expect(second(`activate ${licenseKey}`)).toBe(
      'Your license is active on too many computers. Run this on one of them: deactivate',
    )
    expect(first('deactivate')).toBe('You have no license. Run: activate, or trial')
    expect(second('refresh')).toBe(ACTIVE)
  })

  it('starts a trial, which a license replaces', () => {
    const tool = newTool()
    expect(tool('trial')).toBe('Your license is active for 14 days.')
    expect(tool('draw Hi')).toBe(PRO)
    expect(tool(`activate ${service.buy().licenseKey}`)).toBe(ACTIVE)
  })

  it('accepts a license file on a computer without a connection', async () => {
    const tool = newTool()
    const [, url = ''] = tool(`offline ${service.buy().licenseKey}`).split('\n')
    expect(url).toMatch(new RegExp(`^${service.origin}/offline#`))
    const file = await service.exchangeOffline(url)
    expect(tool('accept', { input: 'not a file' })).toMatch(/^This is not a valid license file\.\n/)
    expect(tool('accept', { input: file })).toBe(ACTIVE)
    expect(tool('draw Hi')).toBe(PRO)
  })
})
