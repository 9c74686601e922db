/** Runs Workers with a distant database: each round trip takes longer. */
import { interceptRoundTrips } from '../../test/support/intercepted-database.ts'

interface Bindings {
  readonly DB: D1Database
}

interface Worker {
  readonly fetch: (request: Request, bindings: Bindings) => Response | Promise<Response>
}

/**
 * @param workers by the first part of the path
 * @param distanceMs milliseconds added to each round trip
 */
export function atDistance(workers: Readonly<Record<string, Worker>>, distanceMs: number): Worker {
  function distant(bindings: Bindings): Bindings {
    const DB = interceptRoundTrips(bindings.DB, async (_, run) => {
      await scheduler.wait(distanceMs)
      return run()
    })
    return { ...bindings, DB }
  }
  let distantBindings: Bindings | undefined
  return {
    fetch(request, bindings) {
      // One object for the lifetime of the isolate, as on the platform.
      distantBindings ??= distant(bindings)
      const [, origin, name = '', path] = /^(https?:\/\/[^/]+)\/(\w+)(\/.*)$/.exec(request.url) ?? []
      const worker = workers[name]
      if (!worker) return new Response(null, { status: 404 })
      return worker.fetch(new Request(`${origin}${path}`, request), distantBindings)
    },
  }
}
