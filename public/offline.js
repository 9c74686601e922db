/**
 * Enhances the page /offline, which works without it (src/pages/offline-views.tsx). It sends nothing: the person presses the
 * button.
 */

/** Moves the request from the fragment of the address into the form, so that the address does not keep it. */
function readFragment() {
  const field = document.getElementById('request')
  const request = location.hash.slice(1)
  if (!field || request === '') return
  field.value = request
  history.replaceState(null, '', location.pathname)
  field.form.querySelector('button').focus()
}

function offerCopy() {
  const file = document.getElementById('file')
  const button = document.getElementById('copy')
  if (!file || !button || !navigator.clipboard) return
  file.addEventListener('focus', () => file.select())
  button.hidden = false
  button.addEventListener('click', async () => {
    await navigator.clipboard.writeText(file.value)
    button.textContent = 'Copied'
  })
}

readFragment()
addEventListener('hashchange', readFragment)
offerCopy()
