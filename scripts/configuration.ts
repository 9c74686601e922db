/** The contents of `wrangler.toml`. */
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { parse } from 'smol-toml'
import { projectFolder } from './wrangler.ts'

/** The Worker's name for its database. */
export const DATABASE_BINDING = 'DB'

/** The parts that commands read. All are optional: the user may have removed any of them. */
export interface Configuration {
  readonly vars?: Readonly<Record<string, unknown>>
  readonly d1_databases?: readonly Database[]
  readonly queues?: {
    readonly producers?: readonly { readonly binding: string; readonly queue: string }[]
    readonly consumers?: readonly { readonly queue: string }[]
  }
  readonly send_email?: readonly { readonly name: string }[]
  readonly triggers?: { readonly crons?: readonly string[] }
}

interface Database {
  readonly binding: string
  readonly database_id?: string
  readonly preview_database_id?: string
}

/** @throws Error with the line if the file is not valid TOML */
export function readConfiguration(): Configuration {
  return parse(readFileSync(path.join(projectFolder, 'wrangler.toml'), 'utf8')) as Configuration
}

export function databaseOf({ d1_databases: databases = [] }: Configuration): Database | undefined {
  return databases.find(({ binding }) => binding === DATABASE_BINDING)
}
