/**
 * Started before every program of the tests. Node.js parses the 180 kB package.json of Drizzle anew for each of its
 * hundred files that is imported, only to learn that they are modules: a second for every command. This tells it.
 */
import module from 'node:module'

// The machine's own Node.js, which some examples run with, may be too old to have hooks.
module.registerHooks?.({
  resolve(specifier, context, next) {
    const { parentURL = '' } = context
    if (!specifier.startsWith('.') || !parentURL.includes('/node_modules/drizzle-orm/'))
      return next(specifier, context)
    return { url: new URL(specifier, parentURL).href, format: 'module', shortCircuit: true }
  },
})
