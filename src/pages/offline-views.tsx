/** The page /offline in its three states: it asks for a request, hands over a file, or explains a refusal. */
import type { Page } from '../http/endpoint.ts'
import { Layout, PAGE_HEADERS, type Seller } from './layout.tsx'
import { MESSAGES, type RefusalKind } from './offline-messages.ts'
import { QrCode } from './qr-code.tsx'

export interface FileView {
  readonly kind: 'file'
  readonly file: string
  /** As it was sent. The download sends it again. */
  readonly request: string
  readonly productName: string
  readonly identifier: string
  /** Milliseconds UTC. */
  readonly endsAt: number
  readonly isDownload: boolean
}

export interface RefusalView {
  readonly kind: 'refusal'
  readonly refusal: RefusalKind
  /** As it was sent. */
  readonly request?: string | undefined
  /** undefined: trying again later does not help. */
  readonly retryAfterSeconds?: number | undefined
}

interface Props<View> {
  readonly view: View
  readonly seller: Seller | undefined
}

const SCRIPT = '/offline.js'
const FILE_NAME = 'license.lic'

/** A QR code ends at 2,953 bytes (ISO/IEC 18004 table 7), and cameras of laptops fail before. */
const QR_BYTES_LIMIT = 2_000

export function RequestPage({ seller }: { readonly seller: Seller | undefined }) {
  return (
    <Layout title="Activate a machine without a connection" script={SCRIPT} seller={seller}>
      <section>
        <h1>Activate a machine without a connection</h1>
        <p class="lead">Bring its request here, and take a license file back to it.</p>
        <ol>
          <li>
            <strong>On the machine</strong>
            Choose to activate without a connection. The software shows a request as a QR code and as text.
          </li>
          <li>
            <strong>Here</strong>
            Scan the code with a phone, which fills in this page. Or paste the text.
          </li>
          <li>
            <strong>Back on the machine</strong>
            Give the software the license file that you get here. It works until the file ends.
          </li>
        </ol>
      </section>
      <RequestForm request="" />
    </Layout>
  )
}

function RequestForm({ request }: { readonly request: string }) {
  return (
    <form class="card" method="post" action="/offline">
      <label for="request">Request from the machine</label>
      <textarea
        id="request"
        name="request"
        rows={7}
        required
        spellcheck={false}
        autocomplete="off"
        autocapitalize="off"
        aria-describedby="request-hint"
      >
        {request}
      </textarea>
      <p id="request-hint" class="hint">
        Paste all of it. Line breaks and the address in front do not matter.
      </p>
      <button type="submit">Get the license file</button>
      <p class="hint">
        The machine then counts as one of your devices. A request contains your license key, so send it to no
        other page.
      </p>
    </form>
  )
}

export function RefusalPage({ view, seller }: Props<RefusalView>) {
  const { request = '', refusal, retryAfterSeconds } = view
  const message = MESSAGES[refusal]
  return (
    <Layout title={message.title} script={SCRIPT} seller={seller}>
      <section>
        <div class="refusal" role="alert">
          <h1>{message.title}</h1>
          <p>{message.meaning}</p>
          <p>{message.next}</p>
          {retryAfterSeconds !== undefined && (
            <p>
              <strong>Try again in {durationText(retryAfterSeconds)}.</strong>
            </p>
          )}
        </div>
        {message.isFinal && <StartAgain />}
      </section>
      {!message.isFinal && <RequestForm request={request} />}
    </Layout>
  )
}

function StartAgain() {
  return (
    <p>
      <a href="/offline">Enter another request</a>
    </p>
  )
}

export function FilePage({ view, seller }: Props<FileView>) {
  const { file, request, productName, identifier, endsAt } = view
  return (
    <Layout title="Your license file is ready" script={SCRIPT} seller={seller}>
      <section>
        <h1>Your license file is ready</h1>
        <p class="lead">Take it to the machine in one of these ways, and give it to the software there.</p>
        <dl>
          <dt>Software</dt>
          <dd>{productName}</dd>
          <dt>Machine</dt>
          <dd>{identifier}</dd>
          <dt>Valid until</dt>
          <dd>
            <time datetime={new Date(endsAt).toISOString()}>{dateText(endsAt)}</time>
          </dd>
        </dl>
        <p>Before it ends, bring a new request of the machine here. It still counts as one device.</p>
      </section>
      <div class="card">
        <form method="post" action="/offline">
          <h2>As a file</h2>
          <p class="hint">For a USB stick.</p>
          <input type="hidden" name="request" value={request} />
          <button type="submit" name="download" value="1">
            Download {FILE_NAME}
          </button>
        </form>
        <div>
          <h2>
            <label for="file">As text</label>
          </h2>
          <textarea id="file" rows={6} readonly spellcheck={false}>
            {file}
          </textarea>
          <button id="copy" type="button" class="secondary" hidden>
            Copy
          </button>
        </div>
        <div>
          <h2>As a QR code</h2>
          <FileCode file={file} />
        </div>
        <div>
          <StartAgain />
        </div>
      </div>
    </Layout>
  )
}

function FileCode({ file }: Pick<FileView, 'file'>) {
  if (file.length >= QR_BYTES_LIMIT) return <p class="hint">This file is too long for a QR code.</p>
  return (
    <>
      <p class="hint">Hold it in front of the machine's camera.</p>
      <QrCode text={file} label="The license file as a QR code" />
    </>
  )
}

/** The file itself, which a browser saves. */
export function downloadPage({ file }: FileView): Page {
  return {
    body: file,
    headers: {
      'Content-Type': 'text/plain; charset=utf-8',
      'Content-Disposition': `attachment; filename="${FILE_NAME}"`,
      ...PAGE_HEADERS,
    },
  }
}

function dateText(instant: number): string {
  const format = { dateStyle: 'long', timeStyle: 'short', timeZone: 'UTC' } as const
  return `${new Date(instant).toLocaleString('en-GB', format)} UTC`
}

/** Rounded up, so that the person does not come too early. */
function durationText(seconds: number): string {
  if (seconds < 60) return counted(seconds, 'second')
  return counted(Math.ceil(seconds / 60), 'minute')
}

function counted(count: number, unit: string): string {
  return count === 1 ? `1 ${unit}` : `${count} ${unit}s`
}
