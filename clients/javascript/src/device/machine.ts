/** Reads the parts of this machine, as far as the system shows them to every program. */
import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { cpus, hostname, networkInterfaces } from 'node:os'
import path from 'node:path'
import { promisify } from 'node:util'
import type { MachineParts } from './identifier.ts'

const COMMAND_TIMEOUT_MS = 2_000
/** A bit of the first byte: the maker of the card did not give this address, so it may change on each start. */
const LOCALLY_ADMINISTERED = 0b10

/** Never rejects. A part that cannot be read has no values. */
export async function machineParts(): Promise<MachineParts> {
  return {
    systemId: await valuesOf(readSystemId),
    hostName: await valuesOf(hostname),
    networkAddresses: await valuesOf(readNetworkAddresses),
    processor: await valuesOf(() => cpus()[0]?.model ?? ''),
  }
}

async function valuesOf(
  read: () => string | readonly string[] | Promise<string>,
): Promise<readonly string[]> {
  try {
    return [await read()]
      .flat()
      .map((value) => value.trim())
      .filter((value) => value !== '')
  } catch {
    return []
  }
}

/** The id that the installation of the system gave itself. */
async function readSystemId(): Promise<string> {
  const run = promisify(execFile)
  const options = { timeout: COMMAND_TIMEOUT_MS, windowsHide: true }
  if (process.platform === 'win32') {
    const program = path.join(process.env.SystemRoot ?? 'C:\\Windows', 'System32/reg.exe')
    const key = 'HKLM\\SOFTWARE\\Microsoft\\Cryptography'
    const { stdout } = await run(program, ['query', key, '/v', 'MachineGuid', '/reg:64'], options)
    return /MachineGuid\s+REG_SZ\s+(\S+)/.exec(stdout)?.[1] ?? ''
  }
  if (process.platform === 'darwin') {
    const { stdout } = await run('/usr/sbin/ioreg', ['-rd1', '-c', 'IOPlatformExpertDevice'], options)
    return /"IOPlatformUUID" = "([^"]+)"/.exec(stdout)?.[1] ?? ''
  }
  return readFile('/etc/machine-id', 'utf8').catch(() => readFile('/var/lib/dbus/machine-id', 'utf8'))
}

function readNetworkAddresses(): string[] {
  const interfaces = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? [])
  const macs = interfaces.filter(({ internal }) => !internal).map(({ mac }) => mac)
  return [...new Set(macs)].filter(isFromMaker).sort()
}

function isFromMaker(mac: string): boolean {
  const firstByte = Number.parseInt(mac.slice(0, 2), 16)
  return (firstByte & LOCALLY_ADMINISTERED) === 0 && mac !== '00:00:00:00:00:00'
}
