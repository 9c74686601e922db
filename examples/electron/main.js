/** The main process of an Electron app with a license. Its window shows the license; the feature "pro" exports. */
import { readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { app, BrowserWindow, dialog, ipcMain } from 'electron'
// In your app: 'keyseal-client' and 'keyseal-client/device'.
import { device, storage } from '../../clients/javascript/dist/device.js'
import { Keyseal } from '../../clients/javascript/dist/index.js'

const CHECK_EVERY_MS = 3_600_000
const folder = path.join(app.getPath('userData'), 'license')

// The license lives in the main process: pages cannot read it or change its answers.
const keyseal = new Keyseal({
  // The file ships with the app. Do not download public keys when your app runs: anyone who controls the connection could
  // send others.
  ...JSON.parse(readFileSync(path.join(import.meta.dirname, 'keyseal.json'), 'utf8')),
  // Everyone who has your app can read its API key. Give yours only the capability `use`.
  apiKey: 'demo-api-key',
  storage: storage('app', { folder }),
  device: device('app', { folder }),
})

/** What the person should know, and do next. */
function textOf({ state, daysLeft, code, reason }) {
  const texts = {
    valid: daysLeft === null ? 'Your license is active.' : `Your license is active. Days left: ${daysLeft}`,
    grace: `Your license could not be renewed. Connect to the internet. Days left: ${daysLeft}`,
    expired: 'Your license has ended. Renew it, then choose "Check again".',
    blocked: 'Your license was blocked. Please contact us.',
    'limit-reached': 'Your license is active on too many computers. Deactivate one of them.',
    unlicensed: code === '210' ? 'This license key is wrong.' : 'Enter your license key, or start a trial.',
    'clock-set-back': 'The clock of this computer is wrong. Correct it, then choose "Check again".',
    tampered: 'Your license file is damaged. Connect to the internet, then choose "Check again".',
  }
  const reasons = {
    unreachable: 'The license server cannot be reached. ',
    'not-trusted': 'Something else answered for the license server. Does your network ask you to sign in? ',
    refused: 'The license server has no answer now. Try again later. ',
    'wrong-machine': 'This license file is for another computer or license key. ',
    'other-product': 'This license is for another product. ',
    'file-invalid': 'This is not a valid license file. ',
  }
  return (reasons[reason] ?? '') + texts[state]
}

let window

/** Shows the license in the window, also where a page did not ask. */
function show(status) {
  window?.webContents.send('license', { text: textOf(status), hasPro: keyseal.has('pro') })
}

async function acceptFile() {
  const { filePaths } = await dialog.showOpenDialog(window, { properties: ['openFile'] })
  const [file] = filePaths
  return file === undefined ? keyseal.check() : keyseal.acceptFile(readFileSync(file, 'utf8'))
}

// A page can send anything, so what it sends becomes text.
ipcMain.handle('check', async () => show(await keyseal.check()))
ipcMain.handle('activate', async (_, key) => show(await keyseal.activate(String(key))))
ipcMain.handle('trial', async () => show(await keyseal.startTrial()))
ipcMain.handle('refresh', async () => show(await keyseal.refresh()))
ipcMain.handle('deactivate', async () => show(await keyseal.deactivate()))
ipcMain.handle('accept-file', async () => show(await acceptFile()))
// For a computer without a connection: another device exchanges the text of this request for a license file.
ipcMain.handle('offline-request', (_, key) => keyseal.offlineRequest(String(key)))
ipcMain.handle('export', async () => {
  // Decided here, and not only by a button that the page hides.
  if (!keyseal.has('pro')) return 'Exports need a license with the pro features.'
  const { filePath } = await dialog.showSaveDialog(window, { defaultPath: 'export.txt' })
  if (filePath) writeFileSync(filePath, 'Exported with the pro features.\n')
  return filePath ? 'Exported.' : ''
})

async function start() {
  // This reads one small file and does not wait for the network. If a refresh is due, it runs in the background.
  await keyseal.check()
  window = new BrowserWindow({
    webPreferences: { preload: path.join(import.meta.dirname, 'preload.cjs') },
  })
  await window.loadFile('index.html')
  setInterval(async () => show(await keyseal.check()), CHECK_EVERY_MS)
}

app.on('window-all-closed', () => app.quit())
// Not awaited: Electron becomes ready only after this module has ended.
app.whenReady().then(start)
