/** What a check of the service found, with the command that fixes it. */
import { isLocalDevelopment, type SettingError, type Settings } from '../../platform/settings.ts'

export interface Check {
  readonly name: string
  readonly status: 'ok' | 'warning' | 'error'
  /** A sentence without its period. */
  readonly message: string
  /** A command, or what to change. null: nothing to do. */
  readonly remedy: string | null
}

export function ok(name: string, message: string): Check {
  return { name, status: 'ok', message, remedy: null }
}

/** What works but is a risk, or needs a look. */
export function warning(name: string, message: string, remedy: string): Check {
  return { name, status: 'warning', message, remedy }
}

export function error(name: string, message: string, remedy: string): Check {
  return { name, status: 'error', message, remedy }
}

/** `broken`: something does not work. */
export function statusOf(checks: readonly Check[]): 'ok' | 'attention' | 'broken' {
  const has = (status: Check['status']) => checks.some((check) => check.status === status)
  return has('error') ? 'broken' : has('warning') ? 'attention' : 'ok'
}

/** Settings have remedies for production. Locally, secrets are in .dev.vars. */
export function settingRemedy(env: Settings, remedy: string): string {
  if (!isLocalDevelopment(env)) return remedy
  const setting = /wrangler secret put (\w+)/.exec(remedy)?.[1]
  if (setting !== undefined) return `set ${setting} in .dev.vars, then npm start`
  return remedy.replace('npm run deploy', 'npm start')
}

export function settingCheck(
  env: Settings,
  name: string,
  fault: Pick<SettingError, 'fault' | 'remedy'>,
  status: 'warning' | 'error' = 'error',
): Check {
  return { name, status, message: fault.fault, remedy: settingRemedy(env, fault.remedy) }
}
