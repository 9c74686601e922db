/**
 * The network of the Worker under test: takes everything that it fetches to the server of the tests, which learns
 * from a header where it was meant to go. Redirects come back as they are.
 */
export default {
  async fetch(request, { SERVER }) {
    const headers = new Headers(request.headers)
    headers.set('X-Original-Url', request.url)
    const { method, body } = request
    const response = await fetch(SERVER, { method, headers, body, redirect: 'manual' })
    // Words that the test runner knows as those of a lost connection, and does not print.
    if (response.headers.has('X-Connection-Lost')) throw new Error('disconnected: operation canceled')
    return response
  },
}
