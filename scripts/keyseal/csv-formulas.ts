/**
 * A spreadsheet runs a text that begins as a formula does, such as the name of a buyer. An export puts an apostrophe before
 * it, and an import takes exactly this apostrophe away.
 */

/** Also behind apostrophes, so that what already begins with one is told apart. Some spreadsheets skip spaces. */
const FORMULA = /^['\s]*[=+\-@＝＋－＠]|^'*[\t\r\n]/

/** @param cell of an export */
export function escapeFormula(cell: string): string {
  return FORMULA.test(cell) ? `'${cell}` : cell
}

/** @param cell of an import. The result of `escapeFormula` becomes what it was */
export function unescapeFormula(cell: string): string {
  return cell.startsWith("'") && FORMULA.test(cell) ? cell.slice(1) : cell
}
