/** Small files that are read and replaced as a whole. */
import { randomUUID } from 'node:crypto'
import { link, mkdir, open, readFile, rename, rm } from 'node:fs/promises'
import { homedir } from 'node:os'
import path from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'

/** Only the user may read and write it. */
const FILE_MODE = 0o600
const FOLDER_MODE = 0o700
/** Windows refuses to replace a file while another program has it open, such as a virus scanner. */
const REPLACE_TRIES = 5
const REPLACE_WAIT_MS = 50

/** @throws TypeError if the name is not that of a folder */
export function configurationFolder(app: string): string {
  if (typeof app !== 'string' || !/^[^\\/:*?"<>|]*[^\\/:*?"<>|.\s]$/.test(app)) {
    throw new TypeError('The name of the app must be the name of a folder, such as my-app.')
  }
  const { APPDATA, XDG_CONFIG_HOME } = process.env
  if (process.platform === 'win32') return path.join(APPDATA || path.join(homedir(), 'AppData/Roaming'), app)
  if (process.platform === 'darwin') return path.join(homedir(), 'Library/Application Support', app)
  return path.join(XDG_CONFIG_HOME || path.join(homedir(), '.config'), app)
}

/** @returns null if there is no such file */
export async function readText(folder: string, name: string): Promise<string | null> {
  try {
    return await readFile(path.join(folder, name), 'utf8')
  } catch (error) {
    if (isCode(error, 'ENOENT')) return null
    throw error
  }
}

/** Readers see the old text or the new one, also if the machine loses power. */
export async function replaceFile(folder: string, name: string, text: string): Promise<void> {
  await withTemporaryFile(folder, name, text, async (temporary) => {
    for (let tries = 1; ; tries++) {
      try {
        return await rename(temporary, path.join(folder, name))
      } catch (error) {
        if (tries === REPLACE_TRIES || process.platform !== 'win32') throw error
        await wait(REPLACE_WAIT_MS)
      }
    }
  })
}

/** @returns false if another process created it first */
export async function createFile(folder: string, name: string, text: string): Promise<boolean> {
  return withTemporaryFile(folder, name, text, async (temporary) => {
    try {
      await link(temporary, path.join(folder, name))
    } catch (error) {
      if (isCode(error, 'EEXIST')) return false
      // Some file systems have no links. They lose only the protection from a race.
      await rename(temporary, path.join(folder, name))
    }
    return true
  })
}

async function withTemporaryFile<Result>(
  folder: string,
  name: string,
  text: string,
  use: (temporary: string) => Promise<Result>,
): Promise<Result> {
  await mkdir(folder, { recursive: true, mode: FOLDER_MODE })
  const temporary = path.join(folder, `${name}.${randomUUID()}.tmp`)
  try {
    const file = await open(temporary, 'wx', FILE_MODE)
    try {
      await file.writeFile(text)
      await file.sync()
    } finally {
      await file.close()
    }
    return await use(temporary)
  } finally {
    await rm(temporary, { force: true })
  }
}

function isCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code
}
