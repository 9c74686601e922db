/**
 * Imported before every command. Node.js parses the 180 kB package.json of Drizzle anew for each of its hundred files
 * that is imported, only to learn that they are modules: a second for every command. This tells it.
 */
import module from 'node:module'

// The tests give it to all of their programs: the machine's own Node.js may be too old to have hooks.
module.registerHooks?.({
  resolve(specifier, context, next) {
    const { parentURL = '' } = context
    if (!specifier.startsWith('.') || !parentURL.includes('/node_modules/drizzle-orm/'))
      return next(specifier, context)
    return { url: new URL(specifier, parentURL).href, format: 'module', shortCircuit: true }
  },
})
