/** Rows as a table that a person can read; what is null is left empty. */
export function printTable(rows: readonly Record<string, unknown>[], whenEmpty: string): void {
  const names = Object.keys(rows[0] ?? {})
  if (names.length === 0) {
    console.log(whenEmpty)
    return
  }
  const cells = [names, ...rows.map((row) => names.map((name) => String(row[name] ?? '')))]
  const widths = names.map((_, column) => Math.max(...cells.map((line) => line[column]?.length ?? 0)))
  for (const line of cells) {
    console.log(
      line
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
  }
}
