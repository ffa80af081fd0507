import { lookup as lookupByName } from 'node:dns'
import type { LookupFunction } from 'node:net'

/**
 * A lookup that says again what it knew last when nobody can be asked: a name server that is away for a while says nothing
 * about the app. (nginx looks names up once, at its start.)
 *
 * @param lookup of one name, always with the same options
 */
export function rememberAddresses(lookup: LookupFunction = lookupByName): LookupFunction {
  let known: Parameters<Parameters<LookupFunction>[2]> | null = null
  return (name, options, done) => {
    lookup(name, options, (error, addresses, family) => {
      if (error === null) known = [null, addresses, family]
      if (error?.code === 'EAI_AGAIN' && known !== null) done(...known)
      else done(error, addresses, family)
    })
  }
}
