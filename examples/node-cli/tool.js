/** A command-line tool with a license. Everyone can draw a frame; the feature "pro" draws a better one. */
import { readFileSync } from 'node:fs'
// In your app: 'keyseal-client' and 'keyseal-client/device'.
import { device, storage } from '../../clients/javascript/dist/device.js'
import { Keyseal } from '../../clients/javascript/dist/index.js'

const HELP = `Commands:
  draw <text>             draw a frame around a text
  activate <license key>  use your license on this computer
  trial                   try the pro features
  refresh                 ask the server again, for example after you renewed
  deactivate              free this computer's place in your license
  offline <license key>   ask for a license file, if this computer has no connection
  accept < license.lic    use that license file`

// The file ships with the tool. Do not download public keys when your app runs: anyone who controls the connection could
// send others.
const settings = JSON.parse(readFileSync(new URL('keyseal.json', import.meta.url), 'utf8'))

const keyseal = new Keyseal({
  ...settings,
  // Everyone who has your app can read its API key. Give yours only the capability `use`.
  apiKey: 'demo-api-key',
  storage: storage('keyseal-example-node-cli'),
  device: device('keyseal-example-node-cli'),
})

/** What the person should know, and do next. */
function textOf({ state, daysLeft, code }) {
  const days = `${daysLeft} ${daysLeft === 1 ? 'day' : 'days'}`
  const texts = {
    valid: daysLeft === null ? 'Your license is active.' : `Your license is active for ${days}.`,
    grace: `Your license could not be renewed. Connect to the internet within ${days}.`,
    expired: 'Your license has ended. Renew it, then run: refresh',
    blocked: 'Your license was blocked. Please contact us.',
    'limit-reached': 'Your license is active on too many computers. Run this on one of them: deactivate',
    unlicensed:
      code === '210' ? 'This license key is wrong.' : 'You have no license. Run: activate, or trial',
    'clock-set-back': 'The clock of this computer is wrong. Correct it, then run: refresh',
    tampered: 'Your license file is damaged. Connect to the internet, then run: refresh',
  }
  return texts[state]
}

/** Why a command changed nothing. */
const REASONS = {
  unreachable: 'The license server cannot be reached. Are you connected to the internet?',
  'not-trusted': 'Something else answered for the license server. Does your network ask you to sign in?',
  refused: 'The license server has no answer now. Try again later.',
  'wrong-machine': 'This license file is for another computer or license key.',
  'other-product': 'This license is for another product.',
  'file-invalid': 'This is not a valid license file.',
}

function show(status) {
  if (status.reason !== null) console.log(REASONS[status.reason])
  console.log(textOf(status))
}

// This reads one small file. If a refresh is due, it runs while the tool works, and counts from the next start on.
const status = await keyseal.check()

const COMMANDS = {
  help: () => {
    console.log(HELP)
    show(status)
  },
  draw: (...words) => {
    const [line, side] = keyseal.has('pro') ? ['═', '║'] : ['-', '|']
    const text = words.join(' ')
    const edge = line.repeat(text.length + 4)
    console.log(`${edge}\n${side} ${text} ${side}\n${edge}`)
    // A problem is shown early, so that it does not interrupt the person's work later.
    if (status.state !== 'valid' && status.state !== 'unlicensed') console.error(textOf(status))
  },
  activate: async (key = '') => show(await keyseal.activate(key)),
  trial: async () => show(await keyseal.startTrial()),
  refresh: async () => show(await keyseal.refresh()),
  deactivate: async () => show(await keyseal.deactivate()),
  offline: async (key = '') => {
    const { url } = await keyseal.offlineRequest(key)
    console.log(`Open this address on a device with a connection, and bring the file back:\n${url}`)
  },
  // The file comes on standard input, so that it can also be pasted.
  accept: async () => show(await keyseal.acceptFile(readFileSync(0, 'utf8'))),
}

const [name = 'help', ...words] = process.argv.slice(2)
await (Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : COMMANDS.help)(...words)
