/** Debian's WordPress with a database of its own. */
import { spawn } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, mkdtempSync, writeFileSync } from 'node:fs'
import { userInfo } from 'node:os'
import path from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { inject } from 'vitest'
import { freePort, isInstalled, isListening, run } from '../../support/clone.ts'
import { LICENSE_OPTION, type Site } from './site.ts'

const WORDPRESS = '/usr/share/wordpress'
const FILES = path.join(import.meta.dirname, 'wordpress')

export const hasWordPress =
  existsSync(`${WORDPRESS}/wp-load.php`) &&
  isInstalled('mariadbd', '--version') &&
  isInstalled('php', '-r', 'class_exists("mysqli") || exit(1);')

const MAKE_DUE = `
  require 'wp-load.php';
  $stored = json_decode(get_option('${LICENSE_OPTION}'), true);
  update_option('${LICENSE_OPTION}', json_encode(['refreshAt' => 0] + $stored));`

/** @param plugin its folder */
export async function startWordPress(plugin: string): Promise<Site> {
  const folder = mkdtempSync(path.join(inject('scratch'), 'wordpress-'))
  const web = path.join(folder, 'web')
  copyWordPress(web, plugin)
  const database = await startDatabase(folder)
  const port = await freePort()
  const site = `http://127.0.0.1:${port}`
  const settings = [`DATABASE_SOCKET=${database.socket}`, `SITE=${site}`]
  function php(...words: string[]): void {
    const { status, output } = run(web, 'env', ...settings, 'php', ...words)
    if (status !== 0) throw new Error(output)
  }
  php(path.join(FILES, 'install.php'))
  const server = spawn('env', [...settings, 'php', '-S', `127.0.0.1:${port}`], { cwd: web, stdio: 'ignore' })
  await until(() => isListening(port))
  return {
    origin: site,
    async signIn(visitor, name) {
      await visitor.open('/wp-login.php')
      await visitor.open('/wp-login.php', { log: name, pwd: name, testcookie: '1' })
    },
    makeRefreshDue: () => php('-r', MAKE_DUE),
    async stop() {
      server.kill()
      database.stop()
    },
  }
}

function copyWordPress(web: string, plugin: string): void {
  cpSync(WORDPRESS, web, {
    recursive: true,
    dereference: true,
    filter: (source) => !source.startsWith(`${WORDPRESS}/wp-content`),
  })
  cpSync(path.join(FILES, 'wp-config.php'), path.join(web, 'wp-config.php'))
  cpSync(plugin, path.join(web, 'wp-content/plugins/keyseal-example'), { recursive: true })
  const theme = path.join(web, 'wp-content/themes/plain')
  mkdirSync(theme, { recursive: true })
  writeFileSync(path.join(theme, 'style.css'), '/* Theme Name: Plain */')
  writeFileSync(path.join(theme, 'index.php'), '<?php while (have_posts()) { the_post(); the_content(); }')
}

async function startDatabase(folder: string): Promise<{ socket: string; stop: () => void }> {
  const socket = path.join(folder, 'database')
  const first = path.join(folder, 'first.sql')
  writeFileSync(first, 'create database wordpress;\n')
  const common = ['--no-defaults', `--user=${userInfo().username}`, `--datadir=${path.join(folder, 'data')}`]
  const made = run(folder, 'mariadb-install-db', ...common, '--skip-test-db')
  if (made.status !== 0) throw new Error(made.output)
  const options = [`--socket=${socket}`, `--init-file=${first}`, '--skip-networking', '--skip-grant-tables']
  const database = spawn('mariadbd', [...common, ...options], { stdio: 'ignore' })
  await until(() => existsSync(socket))
  return { socket, stop: () => database.kill() }
}

async function until(isTrue: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await isTrue())) await wait(100)
}
