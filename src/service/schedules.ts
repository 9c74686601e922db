/** The cron expressions of `[triggers]` in wrangler.toml. */
export const EVERY_MINUTE = '* * * * *'
export const HOURLY = '47 * * * *'
export const NIGHTLY = '17 3 * * *'
