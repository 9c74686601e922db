/** The longest bodies that an endpoint parses, each made to cost as much as possible. */
import { API_KEY } from './database.ts'
import { sendLoad } from './load.ts'
import type { BodyReport } from './report.ts'
import type { Server } from './server.ts'
import { type Task, VERIFY, withRequests } from './tasks.ts'

/** The limit of `create-license-keys`. */
const BYTES = 4_000_000

/** The limit of fields and members of lists, less a few for the other fields. */
const VALUES = 19_990

const LICENSE_KEYS = 10_000

const FORM = 'application/x-www-form-urlencoded'
const JSON_TYPE = 'application/json'
const MULTIPART = 'multipart/form-data; boundary=bench'

/** Requests before measuring, so that the runtime has loaded and compiled its code. */
const WARM_UP_REQUESTS = 300

/** No license key is created, so that the figures are those of reading the body: all answers name wrong fields. */
function bodyTask(name: string, type: string, body: string): Task {
  return {
    name,
    path: '/api/v1/create-license-keys',
    requests: 10,
    connections: 1,
    keys: 0,
    answer: '{"response":{"code":901,',
    makeRequest: () => ({ headers: { 'Content-Type': type }, body }),
  }
}

/** Repeats `part` in a body of the greatest length. */
function filled(start: string, part: string, end = ''): string {
  return start + part.repeat(Math.floor((BYTES - start.length - end.length) / Buffer.byteLength(part))) + end
}

/** A JSON object with this list. Each of its members is as long as fits. */
function jsonList(members: number, start: string, part: string, end: string): string {
  const head = `{"api_key":"${API_KEY}","license_keys":[`
  const length = Math.floor((BYTES - head.length - 2) / members) - start.length - end.length - 1
  const member = start + part.repeat(Math.floor(length / part.length)) + end
  return `${head}${new Array(members).fill(member).join()}]}`
}

function formList(members: number): string {
  const name = '&license_keys[]='
  const value = '%25'.repeat(Math.floor((BYTES / members - name.length) / 3) - 1)
  return `api_key=${API_KEY}${`${name}${value}`.repeat(members)}`
}

function partOf(name: string): string {
  return `--bench\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n`
}

const formStart = `api_key=${API_KEY}&license_keys=`
const multipartStart = `${partOf('api_key')}${API_KEY}\r\n`

export const LONGEST_BODIES: readonly Task[] = [
  bodyTask('JSON, 10,000 license keys', JSON_TYPE, jsonList(LICENSE_KEYS, '"', '\\u0041', '"')),
  bodyTask('JSON, objects', JSON_TYPE, jsonList(VALUES / 2, '{"x":"', '\\u00e9', '"}')),
  bodyTask('JSON, numbers', JSON_TYPE, jsonList(VALUES, '0.', '1', '')),
  bodyTask('JSON, escapes', JSON_TYPE, jsonList(1, '"', '\\u20ac', '"')),
  bodyTask('JSON, other letters', JSON_TYPE, filled(`{"api_key":"${API_KEY}","license_keys":"`, 'é', '"}')),
  bodyTask('form, 10,000 license keys', FORM, formList(LICENSE_KEYS)),
  bodyTask('form, percent signs', FORM, filled(formStart, '%25')),
  bodyTask('form, plus signs', FORM, filled(formStart, 'a+')),
  bodyTask('form, other letters', FORM, filled(formStart, 'é')),
  bodyTask('form, nested lists as text', FORM, filled(formStart, '[')),
  bodyTask(
    'multipart, 19,000 parts',
    MULTIPART,
    filled(multipartStart, `${partOf('license_keys[]').padEnd(205, 'x')}\r\n`, '--bench--'),
  ),
  bodyTask(
    'multipart, other letters',
    MULTIPART,
    filled(multipartStart + partOf('license_keys'), 'é', '\r\n--bench--'),
  ),
]

/**
 * Each body gets a server of its own, whose memory does not contain that of other bodies.
 *
 * @param open starts a server, and `close` stops it
 * @param part the fraction of the requests to send
 */
export async function measureBodies(
  open: () => Promise<Server>,
  close: () => Promise<void>,
  part: number,
): Promise<BodyReport[]> {
  const reports: BodyReport[] = []
  for (const task of LONGEST_BODIES) {
    const server = await open()
    await sendLoad(server.origin, withRequests(VERIFY, WARM_UP_REQUESTS * part))
    const idleBytes = server.memoryBytesMax()
    await sendLoad(server.origin, withRequests(task, 1))
    const megabytes = (server.memoryBytesMax() - idleBytes) / 1e6
    const measured = withRequests(task, task.requests * part)
    const cpuMsBefore = server.cpuMs()
    await sendLoad(server.origin, measured)
    reports.push({ task: task.name, megabytes, cpuMs: (server.cpuMs() - cpuMsBefore) / measured.requests })
    await close()
  }
  return reports
}
