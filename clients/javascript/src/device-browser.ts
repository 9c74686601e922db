/** Storage and device for browsers: localStorage. A browser shows nothing of its machine, so the identifier is only random. */
import type { KeysealStorage } from './options.ts'

/** @param app the beginning of the name in localStorage */
export function storage(app: string): KeysealStorage {
  return {
    read: () => localStorage.getItem(`${app}.keyseal`),
    write: (text) => localStorage.setItem(`${app}.keyseal`, text),
  }
}

/** @param app the beginning of the name in localStorage */
export function device(app: string): () => string {
  return () => {
    const name = `${app}.keyseal-device`
    const identifier = localStorage.getItem(name) ?? crypto.randomUUID()
    localStorage.setItem(name, identifier)
    return identifier
  }
}
