/** What the protocol says where an order for keys can not be issued, at once or after it has waited. */
import type { Obstacle } from '../db/schema/index.ts'
import { CODES, type Code } from '../protocol/codes.ts'

export const OBSTACLE_CODES: Readonly<Record<Obstacle, Code>> = {
  'product-not-found': CODES.productNotFound,
  'generator-not-found': CODES.generatorNotFound,
  'stock-insufficient': CODES.stockInsufficient,
}
