/** A Worker that does nothing: what starting an isolate takes, whatever runs in it. */
export default {
  fetch: () => new Response(''),
}
