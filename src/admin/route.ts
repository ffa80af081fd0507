import type { Schema, SchemaName } from './schemas.ts'

/** One request of the admin API, read and let in. */
export interface AdminCall {
  /** What stands for the placeholders of the path. */
  params: Readonly<Record<string, string>>
  /** The body; it has no fields but those that the route takes. */
  body: Readonly<Record<string, unknown>>
  /** The field If-Match, unread. */
  ifMatch: string | undefined
  /** Whose token it holds. */
  holder: string
}

export interface AdminReply {
  status: number
  content: object
  /** For the ETag of what is answered. */
  revision?: number
  /** Where to find what was made. */
  location?: string
}

/** What there is to know of a route without running it. */
export interface RouteDescription {
  method: 'GET' | 'PUT' | 'POST' | 'DELETE'
  /** With placeholders such as `{id}`. */
  path: string
  summary: string
  /** The fields of the body. Default: it takes none. */
  body?: Readonly<Record<string, Schema>>
  /** What is answered when all is well, by status: in words, and its schema. */
  answers: Readonly<Record<number, readonly [words: string, schema: SchemaName]>>
}

export interface AdminRoute extends RouteDescription {
  /** @throws InputError, IntermissionError, which `problemOf` turns into an answer */
  run(call: AdminCall): AdminReply | Promise<AdminReply>
}
