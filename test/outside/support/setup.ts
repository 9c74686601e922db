/** The setup of every test file in this folder. */
import { afterAll } from 'vitest'
import { endProcesses } from './keyseal.ts'

afterAll(endProcesses)
