/** The admin endpoints about orders, payment events and deliveries. */
import { listDeliveries, showDelivery } from './deliveries.ts'
import { listEvents, showEvent } from './events.ts'
import { listOrders } from './orders.ts'
import { resendLicense } from './resend-license.ts'
import { retryDeliveries, retryDelivery } from './retry-deliveries.ts'
import { retryEvent, retryEvents } from './retry-events.ts'
import { showOrder } from './show-order.ts'

/** `retry` is not an id, so its paths come first. */
export const SALES_ENDPOINTS = [
  resendLicense,
  listDeliveries,
  retryDeliveries,
  showDelivery,
  retryDelivery,
  listEvents,
  retryEvents,
  showEvent,
  retryEvent,
  listOrders,
  showOrder,
]
