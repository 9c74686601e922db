/** Every operation. The examples are one story, told in this order on the demo data. */
import type { OperationText } from '../operation.ts'
import { assignOperations, queueOperations } from './assign.ts'
import { contractsOperations, lastContractsOperations } from './contracts.ts'
import { holderOperations } from './holder.ts'
import { listOperations } from './lists.ts'
import { productsOperations } from './products.ts'
import { publicOperations } from './public.ts'
import { stockOperations } from './stock.ts'
import { useOperations } from './use.ts'
import { webhooksOperations } from './webhooks.ts'

export const OPERATIONS: readonly OperationText[] = [
  ...stockOperations,
  ...assignOperations,
  ...useOperations,
  ...listOperations,
  ...productsOperations,
  ...contractsOperations,
  ...holderOperations,
  ...lastContractsOperations,
  ...queueOperations,
  ...publicOperations,
  ...webhooksOperations,
]
