/**
 * The HTML of the e-mail to a buyer. For mail clients, it has tables and inline styles, no script and no form.
 *
 * It fits 360 px. It is readable if the client blocks images, ignores the style sheet, or inverts the colors for
 * dark mode. Each key needs few bytes, because Gmail clips a message after 102 kB.
 */
import { html } from 'hono/html'
import type { Branding } from './branding.ts'
import type { Fact, Help, KeyGroup, Message } from './email-message.ts'

const SANS = html`-apple-system, 'Segoe UI', Roboto, Helvetica, Arial, sans-serif`
const MONOSPACE = html`ui-monospace, Menlo, Consolas, 'Courier New', monospace`

/** For clients in which an e-mail can define its own dark mode. */
const STYLE_SHEET = html`<style>
:root { color-scheme: light dark; supported-color-schemes: light dark; }
@media (prefers-color-scheme: dark) {
  .page { background-color: #111418 !important; }
  .card { background-color: #1d2127 !important; color: #eceff3 !important; }
  .keys { background-color: #2a3039 !important; color: #ffffff !important; }
  .muted { color: #a9b2be !important; }
  .logo { background-color: #ffffff !important; color: #1f2933 !important; padding: 8px !important; border-radius: 6px !important; }
}
</style>`

const TABLE = html`role="presentation" cellpadding="0" cellspacing="0" border="0"`

export function emailHtml(message: Message, branding: Branding): string {
  const { subject, greeting, introduction, groups, help } = message
  return String(html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="supported-color-schemes" content="light dark">
<meta name="format-detection" content="telephone=no, date=no, address=no, email=no, url=no">
<title>${subject}</title>
${STYLE_SHEET}
</head>
<body class="page" style="margin: 0; padding: 0; background-color: #eef0f3">
<table ${TABLE} width="100%" class="page" style="background-color: #eef0f3"><tr><td align="center" style="padding: 16px 4px">
<table ${TABLE} width="560" style="width: 100%; max-width: 560px">
<tr><td class="card" style="padding: 24px 16px; font: 16px/1.5 ${SANS}; color: #1f2933; background-color: #ffffff; border-top: 4px solid ${branding.color}">
${header(branding)}
<p style="margin: 0 0 16px">${greeting}</p>
<p style="margin: 0 0 16px">${introduction}</p>
${groups.map((group) => keyGroup(group, branding.color))}
<p style="margin: 0">${helpLine(help)}</p>
</td></tr>
${branding.name && html`<tr><td class="muted" align="center" style="padding: 16px 20px; font: 14px/1.5 ${SANS}; color: #5b6672">${branding.name}</td></tr>`}
</table>
</td></tr></table>
</body>
</html>
`)
}

/** A client that blocks images shows the name in place of the logo. */
function header({ name, logoUrl }: Branding) {
  if (name === undefined) return ''
  const font = html`font: bold 20px/1.3 ${SANS}`
  if (logoUrl === undefined) return html`<p style="margin: 0 0 20px; ${font}">${name}</p>`
  return html`<p style="margin: 0 0 20px; ${font}"><img class="logo" src="${logoUrl}" alt="${name}" height="40" style="height: 40px; width: auto; max-width: 240px; border: 0; color: #1f2933"></p>`
}

function keyGroup({ licenseKeys, facts }: KeyGroup, color: string) {
  return html`<table ${TABLE} width="100%" style="margin: 0 0 12px"><tr><td class="keys" style="padding: 12px 8px; background-color: #f2f4f7; color: #111827; border-left: 4px solid ${color}; font: 13px/1.8 ${MONOSPACE}; word-break: break-all">
${licenseKeys.map((key, index) => (index === 0 ? key : html`<br>${key}`))}
</td></tr></table>
${factTable(facts)}`
}

function factTable(facts: readonly Fact[]) {
  const label = 'padding: 2px 16px 2px 0; color: #5b6672; white-space: nowrap'
  return html`<table ${TABLE} style="margin: 0 0 20px; font: 15px/1.5 ${SANS}; color: inherit">${facts.map(
    ([name, value]) =>
      html`<tr><td class="muted" valign="top" style="${label}">${name}</td><td valign="top" style="padding: 2px 0; word-break: break-word">${value}</td></tr>`,
  )}</table>`
}

/** The link has the color of the text: the seller's color may be too light to read. */
function helpLine({ text, link }: Help) {
  if (!link) return text
  return html`${text} <a href="${link.url}" style="color: inherit; text-decoration: underline; word-break: break-word">${link.text}</a>`
}
