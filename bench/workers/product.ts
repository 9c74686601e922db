/** The product, with its database as far away as the bench wants it. */
import product from '../../src/index.ts'
import { atDistance, type BenchBindings } from './at-distance.ts'

const known = new WeakMap<object, BenchBindings>()

/** One object for the whole life of the isolate, as the platform hands it over. */
function bindingsOf(env: BenchBindings): BenchBindings {
  const bindings = known.get(env) ?? { ...env, DB: atDistance(env.DB, env.D1_DELAY_MS) }
  known.set(env, bindings)
  return bindings
}

export default {
  fetch: (request: Request, env: BenchBindings) => product.fetch(request, bindingsOf(env)),
}
