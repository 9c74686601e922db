/** The client libraries that run on this machine, each through its driver. */
import path from 'node:path'
import { isInstalled, project } from '../../support/clone.ts'
import { type ClientDriver, startDriver } from './client-driver.ts'

interface Client {
  readonly name: string
  readonly start: () => ClientDriver
  /** Why it cannot run here; undefined: it can. */
  readonly isMissing: string | undefined
}

const driver = (file: string) => path.join(project, 'test/outside/clients/drivers', file)

const PYTHON = '/usr/bin/python3'

export const CLIENTS: readonly Client[] = [
  {
    name: 'JavaScript',
    start: () => startDriver(process.execPath, driver('javascript.mjs')),
    isMissing: undefined,
  },
  {
    name: 'Python',
    start: () => startDriver(PYTHON, driver('python.py')),
    isMissing: isInstalled(PYTHON, '-c', 'import cryptography')
      ? undefined
      : 'needs python3 with its package cryptography',
  },
  {
    name: 'PHP',
    start: () => startDriver('php', driver('php.php')),
    isMissing: isInstalled('php', '-r', 'sodium_crypto_sign_keypair();')
      ? undefined
      : 'needs php with sodium',
  },
]
