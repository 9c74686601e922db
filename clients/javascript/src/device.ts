/** Storage and device for Node.js, Electron, Deno and Bun: files in the user's configuration folder. */
import { configurationFolder, readText, replaceFile } from './device/files.ts'
import { deviceIdentifier } from './device/identifier.ts'
import { machineParts } from './device/machine.ts'
import type { KeysealStorage } from './options.ts'

export interface FolderOptions {
  /** The default is a folder of the app in the user's configuration folder. */
  readonly folder?: string
}

/**
 * Stores the license in `keyseal.json`. Only the user may read it.
 *
 * @param app the name of its folder
 */
export function storage(
  app: string,
  { folder = configurationFolder(app) }: FolderOptions = {},
): KeysealStorage {
  return {
    read: () => readText(folder, 'keyseal.json'),
    write: (text) => replaceFile(folder, 'keyseal.json', text),
  }
}

/**
 * Identifies this device by a random text in `keyseal-device.json`. On another machine, a copy of that file gives a new
 * identifier.
 *
 * @param app the name of its folder
 */
export function device(
  app: string,
  { folder = configurationFolder(app) }: FolderOptions = {},
): () => Promise<string> {
  let identifier: Promise<string> | undefined
  return () => {
    identifier ??= machineParts().then((parts) => deviceIdentifier(folder, parts))
    return identifier
  }
}
