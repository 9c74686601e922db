/** The placeholders of statements that are written in SQL itself: `:name`. */

/** @param replacement what stands for a placeholder; it is looked for placeholders no more */
export function replacePlaceholders(sql: string, replacement: (name: string) => string): string {
  return sql.replaceAll(/:([a-z]\w*)/gi, (_, name: string) => replacement(name))
}
