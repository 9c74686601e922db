/** Stands in for Electron, whose program cannot be downloaded in tests: only what the example uses. */
import { homedir } from 'node:os'

const handlers = new Map()
let shown
let chosen

/** Calls a handler as a page does. @returns its result, and what the app sent to the page */
export async function invoke({ name, values = [], chosen: file }) {
  shown = null
  chosen = file
  const result = await handlers.get(name)({}, ...values)
  return { result: result ?? null, shown }
}

export const ipcMain = { handle: (name, handler) => handlers.set(name, handler) }

export const app = { getPath: homedir, whenReady: () => Promise.resolve(), on: () => {}, quit: () => {} }

export class BrowserWindow {
  webContents = {
    send: (_, value) => {
      shown = value
    },
  }
  async loadFile() {}
}

export const dialog = {
  showOpenDialog: async () => ({ filePaths: chosen === undefined ? [] : [chosen] }),
  showSaveDialog: async () => ({ filePath: chosen ?? '' }),
}
