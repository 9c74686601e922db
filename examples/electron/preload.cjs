/** What the page may ask of the main process. */
const { contextBridge, ipcRenderer } = require('electron')

contextBridge.exposeInMainWorld('license', {
  ask: (name, ...values) => ipcRenderer.invoke(name, ...values),
  onChange: (show) => ipcRenderer.on('license', (_, license) => show(license)),
})
