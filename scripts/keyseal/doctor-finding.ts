/** What `keyseal doctor` has found out about one thing. */
export interface Finding {
  readonly check: string
  readonly status: 'good' | 'warning' | 'wrong' | 'not checked'
  readonly finding: string
  /** The command that mends it, or lets it be checked. */
  readonly remedy?: string
}

export const good = (check: string, finding: string): Finding => ({ check, status: 'good', finding })

export const wrong = (check: string, finding: string, remedy: string): Finding => ({
  check,
  status: 'wrong',
  finding,
  remedy,
})

/** What works but is a risk. It does not make the command fail. */
export const warn = (check: string, finding: string, remedy: string): Finding => ({
  check,
  status: 'warning',
  finding,
  remedy,
})

/** @param remedy left out where another finding names it: one cause has one */
export const notChecked = (check: string, finding: string, remedy?: string): Finding => ({
  check,
  status: 'not checked',
  finding,
  ...(remedy === undefined ? {} : { remedy }),
})

export function isWrong({ status }: Finding): boolean {
  return status === 'wrong'
}
