/** Sample files, as the vendors' exports have them. */
import { parse } from 'csv-parse/browser/esm/sync'
import type { Row } from '../../../src/admin/imports/formats/license.ts'
import edd from './samples/edd.csv?raw'
import gumroad from './samples/gumroad.csv?raw'
import keygen from './samples/keygen.json?raw'
import keyseal from './samples/keyseal.json?raw'
import lemonSqueezy from './samples/lemon-squeezy.json?raw'
import woocommerce from './samples/woocommerce.csv?raw'

export const SAMPLES: Readonly<Record<string, readonly Row[]>> = {
  keyseal: JSON.parse(keyseal),
  gumroad: parse(gumroad, { columns: true }),
  'lemon-squeezy': JSON.parse(lemonSqueezy),
  keygen: JSON.parse(keygen),
  edd: parse(edd, { columns: true }),
  woocommerce: parse(woocommerce, { columns: true }),
}
