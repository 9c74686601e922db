/** Runs with every test file that looks at the service from outside. */
import { afterAll } from 'vitest'
import { endTypists } from './keyseal.ts'

afterAll(endTypists)
