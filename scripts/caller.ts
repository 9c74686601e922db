/** The folder that somebody has called a command in. */
import path from 'node:path'

/**
 * npm runs a script in the project's folder, whichever folder below it was called in, and names that one.
 *
 * @param file as it was given, from there
 * @returns its absolute path
 */
export function fromCaller(file: string): string {
  return path.resolve(process.env.INIT_CWD ?? '.', file)
}
