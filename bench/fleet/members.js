// Simulated members: the code of a gateway that deals with the fleet, many times in one process, without HTTP.
// Started by run.js with: URL of Redis, name of the fleet, how many, a folder for their copies.
import { join } from 'node:path'

const { openFleet, openFleetControl } = await import('../../dist/src/fleet/open-fleet.js')
const [url, fleet, count, dir] = process.argv.slice(2)
const AT_ONCE = 25
const TELL_EVERY_MS = 100

let applied = []
let troubles = []

async function joinFleet(n) {
  const onError = (error, doing) => troubles.push(`${doing}: ${error.message}`)
  const onEvent = (what) => troubles.push(what)
  const options = { url, fleet, stateDir: join(dir, String(n)), software: 'simulated', onError }
  const member = await openFleet({ ...options, onEvent })
  const control = await openFleetControl(member, { onError })
  control.onChange(() => applied.push([control.revision, Number(process.hrtime.bigint()) / 1e6]))
}

const numbers = Array.from({ length: Number(count) }, (_, n) => n)
while (numbers.length > 0) await Promise.all(numbers.splice(0, AT_ONCE).map(joinFleet))
// Before, the state was not known, as it should be.
troubles = []
process.send({ ready: true })
setInterval(() => {
  if (applied.length + troubles.length > 0) process.send({ applied, troubles })
  applied = []
  troubles = []
}, TELL_EVERY_MS)
process.on('disconnect', () => process.exit(0))
