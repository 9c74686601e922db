/** Starts the Worker that the path names in a new isolate, and passes on its first answer. */
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
