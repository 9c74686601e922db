/**
 * Lets tests use the built JavaScript client. It reads commands as lines of JSON from standard input, and answers each with
 * another line. It is not TypeScript, because Node.js 20 runs it too.
 */
import { createInterface } from 'node:readline'
import { device, storage } from '../../../../clients/javascript/dist/device.js'
import { Keyseal, readAnswer, verifyFile } from '../../../../clients/javascript/dist/index.js'

let keyseal
let now = null

function create({ options, folder, identifier, now: start }) {
  now = start ?? null
  keyseal = new Keyseal({
    ...options,
    storage: storage('app', { folder }),
    device: identifier ?? device('app', { folder }),
    clock: () => (now === null ? Date.now() : Date.parse(now)),
  })
  return {}
}

const COMMANDS = {
  new: create,
  clock: (command) => {
    now = command.now
    return {}
  },
  activate: ({ key }) => keyseal.activate(key),
  check: () => keyseal.check(),
  refresh: () => keyseal.refresh(),
  deactivate: () => keyseal.deactivate(),
  startTrial: () => keyseal.startTrial(),
  has: ({ feature }) => ({ has: keyseal.has(feature) }),
  offlineRequest: ({ key }) => keyseal.offlineRequest(key),
  acceptFile: ({ text }) => keyseal.acceptFile(text),
  settle: async () => {
    await keyseal.settled()
    return {}
  },
  verifyFile: ({ file, licenseKey, identifier, options, now }) =>
    verifyFile(file, { licenseKey, identifier }, options, now === undefined ? undefined : Date.parse(now)),
  readAnswer: async ({ body, nonce, licenseKey, identifier, options }) => {
    const answer = await readAnswer(body, { nonce, licenseKey, identifier }, options)
    return answer === null ? { accepted: false } : { accepted: true, code: answer.code }
  },
}

for await (const line of createInterface({ input: process.stdin })) {
  let result
  try {
    const command = JSON.parse(line)
    result = await COMMANDS[command.do](command)
  } catch (error) {
    result = { error: error.message }
  }
  process.stdout.write(`${JSON.stringify(result)}\n`)
}
