/** Work that is done once per isolate for each setting, since settings do not change while an isolate lives. */

/**
 * @param read what is worked out of a text
 * @returns the same function, which does it once for each text. A failure is forgotten, so that it is told again at
 *   the next request
 */
export function onceUsable<Result>(
  read: (text: string) => Promise<Result>,
): (text: string) => Promise<Result> {
  const known = new Map<string, Promise<Result>>()

  function readAndKeep(text: string): Promise<Result> {
    const result = read(text)
    known.set(text, result)
    result.catch(() => known.delete(text))
    return result
  }

  return (text) => known.get(text) ?? readAndKeep(text)
}
