/** How the page looks: the reader's own colours and fonts, and one column where there is no room for two. */
import { raw } from 'hono/html'

export const STYLE = raw(`<style>
:root { color-scheme: light dark; --line: #d4d8de; --soft: #f3f5f8; --quiet: #566070; --accent: #0b5cad }
@media (prefers-color-scheme: dark) {
  :root { --line: #3a4250; --soft: #1e232b; --quiet: #a3adba; --accent: #7db8f5 }
  body { background: #14181e; color: #e4e8ee }
}
* { box-sizing: border-box }
body { margin: 0 auto; padding: 1rem; max-width: 72rem; font: 1rem/1.5 system-ui, sans-serif }
h1 { margin: 0; line-height: 1.2 }
h2 { margin: 3rem 0 0; padding-top: 1rem; border-top: 2px solid var(--line) }
h3 { margin: 0; font-size: 1.05rem }
h4 { margin: 1rem 0 0; font-size: .9rem; color: var(--quiet) }
p { max-width: 45rem }
a { color: var(--accent) }
code, pre, .method { font-family: ui-monospace, monospace; font-size: .9em }
.version, .method, em { color: var(--quiet) }
nav details { border-top: 1px solid var(--line); padding: .4rem 0 }
nav ul { margin: 0; padding: 0; list-style: none; columns: 20rem }
nav a { display: block; padding: .15rem 0; text-decoration: none; font-size: .9rem; break-inside: avoid }
nav a:hover { text-decoration: underline }
summary { cursor: pointer; padding: .3rem 0; font-weight: 600 }
article { margin: 1.5rem 0; padding: 1rem; border: 1px solid var(--line); border-radius: .5rem; scroll-margin-top: 1rem }
article:target { border-color: var(--accent) }
article summary { font-size: .9rem; font-weight: 400; color: var(--quiet) }
dl { display: grid; grid-template-columns: minmax(13rem, max-content) 1fr; gap: .25rem 1rem; margin: .25rem 0 1rem }
dt em { font-size: .8rem }
dd { margin: 0; max-width: 45rem }
pre { margin: .25rem 0; padding: .75rem; background: var(--soft); border-radius: .4rem; white-space: pre-wrap; overflow-wrap: anywhere }
table { width: 100%; border-collapse: collapse; margin: .25rem 0 .75rem; font-size: .9rem }
th { white-space: nowrap }
th, td { padding: .25rem .75rem .25rem 0; text-align: left; vertical-align: top; border-top: 1px solid var(--line) }
td:last-child, th:last-child { width: 100%; padding-right: 0 }
:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px }
@media (max-width: 40rem) { dl { grid-template-columns: 1fr; gap: 0 } dd { margin: 0 0 .5rem 1rem } }
</style>`)
