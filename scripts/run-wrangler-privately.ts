/**
 * Runs wrangler with a command line that it reads from standard input as a JSON list. A process's command line is visible
 * to every user of the machine. wrangler's `--file` would hide SQL too, but in production it returns no rows and blocks
 * the database while it runs.
 */
import Module from 'node:module'
import { text } from 'node:stream/consumers'

const [node = '', , wranglerCli = ''] = process.argv
process.argv = [node, wranglerCli, ...(JSON.parse(await text(process.stdin)) as string[])]
Module.runMain(wranglerCli)
