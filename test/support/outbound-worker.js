/**
 * The network of the Worker under test: forwards each of its requests to the server of the tests, with the original URL
 * in a header. It does not follow redirects.
 */
export default {
  async fetch(request, { SERVER }) {
    const headers = new Headers(request.headers)
    headers.set('X-Original-Url', request.url)
    const { method, body } = request
    const response = await fetch(SERVER, { method, headers, body, redirect: 'manual' })
    // The test runner recognizes this message as a lost connection, and does not print it.
    if (response.headers.has('X-Connection-Lost')) throw new Error('disconnected: operation canceled')
    return response
  },
}
