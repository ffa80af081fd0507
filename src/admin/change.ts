import { revisionOf } from './if-match.ts'
import type { AdminCall } from './route.ts'

/**
 * What a request wants to have changed: its body, who asks, and the revision that it insists on.
 *
 * @param revision of what it is about
 * @throws InputError for an If-Match that cannot be read
 */
export function changeOf({ body, holder, ifMatch }: AdminCall, revision: number): object {
  const ifRevision = revisionOf(ifMatch, revision)
  return { ...body, by: body.by ?? holder, ...(ifRevision === undefined ? {} : { ifRevision }) }
}
