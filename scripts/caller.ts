/** The folder in which a command was started. */
import path from 'node:path'

/**
 * Resolves a path that a user typed. npm runs scripts in the project's folder and has the user's folder in INIT_CWD.
 *
 * @returns the absolute path
 */
export function fromCaller(file: string): string {
  return path.resolve(process.env.INIT_CWD ?? '.', file)
}
