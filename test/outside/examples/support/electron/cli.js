#!/usr/bin/env node
/** `electron .`: runs the main process of the app, then obeys lines of JSON: { name, values, chosen }. */
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { createInterface } from 'node:readline'
import { pathToFileURL } from 'node:url'
import { invoke } from './index.js'

const folder = path.resolve(process.argv[2])
const { main } = JSON.parse(readFileSync(path.join(folder, 'package.json'), 'utf8'))
await import(pathToFileURL(path.join(folder, main)).href)
for await (const line of createInterface({ input: process.stdin })) {
  process.stdout.write(`${JSON.stringify(await invoke(JSON.parse(line)))}\n`)
}
process.exit()
