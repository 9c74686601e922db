/** A Worker that does nothing: the cost of starting any isolate. */
export default {
  fetch: () => new Response(''),
}
