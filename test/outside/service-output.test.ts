import { expect, it } from 'vitest'
import { formatLine } from '../../scripts/service-output.ts'

const TIME = '12:03:07'
const REQUEST = `{"level":"info","requestId":"6f0c","method":"POST","endpoint":"/webhooks/stripe","code":2200,\
"outcome":"issued","roundTrips":1,"status":200,"durationMs":18}`
const UNKNOWN_PATH = `{"level":"info","requestId":"6f0c","method":"GET","endpoint":null,"code":null,"outcome":null,\
"status":404,"durationMs":0}`
const FAILURE = '{"level":"error","requestId":"6f0c","error":"SettingError","message":"DB is not bound"}'
const WARNING =
  '{"level":"warning","requestId":"6f0c","message":"1 of 2 license keys have less than 64 bits"}'
const BUG =
  '{"level":"error","requestId":"cron * * * * *","error":"TypeError","at":["f (a.ts:1:2)","g (b.ts:3:4)"]}'
/** How wrangler prints what the Worker passes to `console.error`. */
const RED = '\x1b[31m✘ \x1b[41;31m[\x1b[41;97mERROR\x1b[41;31m]\x1b[0m \x1b[1m'

it.each([
  [REQUEST, '12:03:07 POST /webhooks/stripe 200 code 2200 issued 18 ms'],
  [UNKNOWN_PATH, '12:03:07 GET (unknown path) 404 0 ms'],
  [`${RED}${FAILURE}\x1b[0m`, '12:03:07 ERROR SettingError: DB is not bound (6f0c)'],
  [
    `\x1b[33m▲ \x1b[43;33m[\x1b[43;30mWARNING\x1b[43;33m]\x1b[0m \x1b[1m${WARNING}\x1b[0m`,
    '12:03:07 WARNING 1 of 2 license keys have less than 64 bits (6f0c)',
  ],
  ['[wrangler:info] send_email binding called with MessageBuilder:', '12:03:07 E-mail, not sent:'],
  [BUG, '12:03:07 ERROR TypeError (cron * * * * *)\n    at f (a.ts:1:2)\n    at g (b.ts:3:4)'],
])('turns %j into text', (line, text) => {
  expect(formatLine(line, 'text', TIME)).toBe(text)
})

it('keeps JSON lines with --logs json', () => {
  expect(formatLine(REQUEST, 'json', TIME)).toBe(REQUEST)
  expect(formatLine(`${RED}${FAILURE}\x1b[0m`, 'json', TIME)).toBe(FAILURE)
})

it.each([
  'To: ada@example.com',
  `${RED}Uncaught TypeError: x is not a function\x1b[0m`,
  '      at handle (src/keys/verify.ts:9:12)',
  '⎔ Reloading local server...',
  'env.DB (keyseal)          D1 Database       local',
])('keeps the wrangler line %j', (line) => {
  expect(formatLine(line, 'text', TIME)).toBe(line)
})

it.each([
  '',
  '[wrangler:info] Ready on http://127.0.0.1:8787',
  '[wrangler:info] GET /health 200 OK (15ms)',
  '[wrangler:info] QUEUE keyseal-deliveries 1/1 (28ms)',
  '  For more details, see \x1b[4mhttps://developers.cloudflare.com/workers/configuration/cron-triggers/\x1b[0m',
])('drops the wrangler line %j', (line) => {
  expect(formatLine(line, 'text', TIME)).toBeUndefined()
})
