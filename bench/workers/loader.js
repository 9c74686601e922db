/** Starts the Worker named by the path in a new isolate, and returns its first response. */
export default {
  fetch(request, env) {
    const script = env[new URL(request.url).pathname.slice(1)]
    const worker = env.LOADER.get(crypto.randomUUID(), () => ({
      compatibilityDate: '2026-11-02',
      compatibilityFlags: ['no_nodejs_compat'],
      mainModule: 'worker.js',
      modules: { 'worker.js': script },
      env: { SIGNING_PRIVATE_KEY: env.SIGNING_PRIVATE_KEY },
    }))
    return worker.getEntrypoint().fetch('http://worker/nothing')
  },
}
