#!/usr/bin/env node
/** `keyseal`, as `npm link` installs it: whatever Node.js it is started with, the project's own runs the commands. */
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'

// Not import.meta.dirname, which older ones lack.
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
    console.error(`${node} can not be run: ${error.message}`)
    process.exitCode = 1
  })
  child.on('exit', (status, signal) => {
    if (signal === null) process.exitCode = status ?? 1
    else {
      // Whoever started this is to see that a signal ended it.
      process.removeAllListeners(signal)
      process.kill(process.pid, signal)
    }
  })
}
