/** Sample purchases, as a payment provider reports them. */
import { commandLineIn } from './keyseal.ts'

export interface Purchase {
  readonly licenseKey: string
  readonly refund: () => void
}

interface Sold {
  readonly order: string
  readonly licenseKeys: readonly { readonly licenseKey: string }[]
}

/** Buys one license key of product 1 for a year and 3 devices. @param clone whose service runs at the port */
export function buy(clone: string, port: number): Purchase {
  const operator = commandLineIn(clone, { PORT: String(port) })
  const { order, licenseKeys } = operator.runJson<Sold>('webhook', 'stripe')
  const number = /\d+/.exec(order)?.[0] ?? ''
  return {
    licenseKey: licenseKeys[0]?.licenseKey ?? '',
    refund: () => operator.runJson('webhook', 'stripe', '--order', number, '--event', 'refund'),
  }
}
