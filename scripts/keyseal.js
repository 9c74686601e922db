#!/usr/bin/env node
/** `keyseal`, installed by `npm link`. It runs commands with the project's own Node.js, even if another one starts it. */
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'

// import.meta.dirname does not exist in older versions of Node.js.
const scripts = path.dirname(fileURLToPath(import.meta.url))
const folder = path.dirname(scripts)
const program = process.platform === 'win32' ? 'node.exe' : 'node'
const node = path.join(folder, 'node_modules/node/bin', program)

if (existsSync(node)) run()
else {
  console.error(`The packages of Keyseal are not installed: cd ${folder} && npm ci`)
  process.exitCode = 1
}

function run() {
  const quick = pathToFileURL(path.join(scripts, 'quick-drizzle.js')).href
  const parameters = ['--import', quick, path.join(scripts, 'keyseal.ts'), ...process.argv.slice(2)]
  const child = spawn(node, parameters, { stdio: 'inherit' })
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal))
  child.on('error', (error) => {
    console.error(`${node} cannot be run: ${error.message}`)
    process.exitCode = 1
  })
  child.on('exit', (status, signal) => {
    if (signal === null) process.exitCode = status ?? 1
    else {
      // Exit with the same signal, so that the parent process sees it.
      process.removeAllListeners(signal)
      process.kill(process.pid, signal)
    }
  })
}
