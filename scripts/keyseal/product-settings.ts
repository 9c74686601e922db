/** The settings of a product: options of `products add` and `products set`, and a column of `products list`. */
import { Option } from 'commander'
import { numberOption } from './command.ts'

/** undefined: not given. */
export interface ProductSettings {
  readonly domainDevices?: boolean
  readonly trialDays?: number
  readonly anyMachineFiles?: boolean
  readonly offlinePage?: boolean
}

/** A new product has none of them. */
export function settingOptions(): Option[] {
  return [
    ...onOff('domain-devices', 'its devices are domains, and spellings of a domain are one device'),
    numberOption('--trial-days <n>', 'how many days a trial lasts, 0 to 365; 0: no trials', 0, 365),
    ...onOff('any-machine-files', 'its keys may check out license files for any machine'),
    ...onOff('offline-page', 'its license files can be fetched on the page /offline'),
  ]
}

function onOff(name: string, description: string): Option[] {
  return [new Option(`--${name}`, description), new Option(`--no-${name}`, `turn --${name} off`)]
}

/** @returns the columns of the settings that were given, each with its value as SQL */
export function settingColumns(given: ProductSettings): [column: string, value: string][] {
  const { domainDevices, trialDays, anyMachineFiles, offlinePage } = given
  const values = {
    domain_devices: domainDevices,
    trial_days: trialDays,
    any_machine_files: anyMachineFiles,
    offline_page: offlinePage,
  }
  return Object.entries(values).flatMap(([column, value]): [string, string][] => {
    if (value === undefined) return []
    return [[column, column === 'trial_days' ? `nullif(${value}, 0)` : String(Number(value))]]
  })
}

/** An SQL expression: the settings of the row of `products`, in the words of the options. NULL: it has none. */
export const SETTINGS = `nullif(concat_ws(', ', iif(domain_devices, 'domain-devices', null), 'trial-days=' || trial_days,
  iif(any_machine_files, 'any-machine-files', null), iif(offline_page, 'offline-page', null)), '')`
