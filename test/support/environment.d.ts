declare namespace Cloudflare {
  interface Env {
    readonly DB: D1Database
    readonly DELIVERIES: Queue<import('../../src/queue/messages.ts').Message>
    readonly CALLBACKS: Queue<import('../../src/queue/messages.ts').Message>
    readonly EMAIL: SendEmail
    readonly MAX_QUANTITY: string
    readonly SIGNING_PRIVATE_KEY: string
    /** For products with their own signing key. */
    readonly PRODUCT_SIGNING_KEY: string
    /** Sign license files. */
    readonly SIGNING_PRIVATE_KEY_FILES: string
    readonly SIGNING_PRIVATE_KEY_FILES_RSA: string
    readonly DELIVERY_WEBHOOK_SECRET: string
    readonly STRIPE_API_KEY: string
    readonly PADDLE_API_KEY: string
    readonly TEST_MIGRATIONS: import('cloudflare:test').D1Migration[]
    readonly [setting: string]: unknown
  }
  interface GlobalProps {
    mainModule: typeof import('../../src/index.ts')
  }
}

declare module '*?raw' {
  const text: string
  export default text
}
