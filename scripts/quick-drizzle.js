/**
 * Imported before every command. For each of the hundred files it imports from Drizzle, Node.js parses Drizzle's 180 kB
 * package.json again to learn that the file is a module. This hook says so, which saves a second per command.
 */
import module from 'node:module'

// Optional, because tests also import this with an older Node.js that has no hooks.
module.registerHooks?.({
  resolve(specifier, context, next) {
    const { parentURL = '' } = context
    if (!specifier.startsWith('.') || !parentURL.includes('/node_modules/drizzle-orm/'))
      return next(specifier, context)
    return { url: new URL(specifier, parentURL).href, format: 'module', shortCircuit: true }
  },
})
