/**
 * Runs wrangler with a command line that it reads from standard input, as a JSON list: what a program is started with
 * is seen by everybody who may list processes. Its own `--file` hides SQL too, but gives no rows back in production,
 * and keeps the database from answering anybody meanwhile.
 */
import Module from 'node:module'
import { text } from 'node:stream/consumers'

const [node = '', , wranglerCli = ''] = process.argv
process.argv = [node, wranglerCli, ...(JSON.parse(await text(process.stdin)) as string[])]
Module.runMain(wranglerCli)
