/** A setting without which a request can not be served. Its text goes to the log, never to the caller. */
export class SettingError extends Error {
  override name = 'SettingError'

  /**
   * @param setting the variable, secret or binding
   * @param fault what is wrong with it, without its value
   * @param remedy the command that mends it
   */
  constructor(setting: string, fault: string, remedy: string) {
    super(`${setting} ${fault}. To mend it: ${remedy}`)
  }
}
