/** A site with the plugin of the examples, and the people who visit it. */

export interface Site {
  readonly origin: string
  /** Signs a person in. */
  readonly signIn: (visitor: Visitor, name: 'admin' | 'editor') => Promise<void>
  /** Makes the next refresh due, which takes days otherwise. */
  readonly makeRefreshDue: () => void
  readonly stop: () => Promise<void>
}

/** The option in which the plugin keeps its license. */
export const LICENSE_OPTION = 'keyseal_example_license'

const SETTINGS = '/wp-admin/options-general.php?page=keyseal-example'

/** A browser with cookies. */
export class Visitor {
  readonly #cookies = new Map<string, string>()
  readonly #origin: string

  constructor(origin: string) {
    this.#origin = origin
  }

  /** @param form makes it a POST */
  async open(address: string, form?: Record<string, string>): Promise<{ status: number; text: string }> {
    const response = await fetch(this.#origin + address, {
      ...(form && { method: 'POST', body: new URLSearchParams(form) }),
      headers: {
        Cookie: [...this.#cookies].map((cookie) => cookie.join('=')).join('; '),
        Connection: 'close',
      },
      redirect: 'manual',
    })
    for (const cookie of response.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(cookie) ?? []
      this.#cookies.set(name, value)
    }
    return { status: response.status, text: await response.text() }
  }

  /** The color of the frame on the front page. */
  async frame(): Promise<string | undefined> {
    return /border: 2px solid (\w+)">Hello</.exec((await this.open('/')).text)?.[1]
  }

  openSettings(form?: Record<string, string>) {
    return this.open(SETTINGS, form)
  }

  /** Presses a button of the settings page. @returns the text about the license */
  async press(button: string, licenseKey = ''): Promise<string | undefined> {
    const { text } = await this.openSettings()
    const nonce = /name="_wpnonce" value="([^"]+)"/.exec(text)?.[1] ?? ''
    const form = { _wpnonce: nonce, do: button, license_key: licenseKey }
    return licenseTextOf((await this.openSettings(form)).text)
  }
}

export function licenseTextOf(page: string): string | undefined {
  return /<p id="license">([^<]*)<\/p>/.exec(page)?.[1]
}
