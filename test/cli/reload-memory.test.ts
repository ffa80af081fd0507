import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'node:test'
import { startGateway } from '../helpers/process.ts'
import { sized } from '../helpers/scale.ts'
import { waitUntil } from '../helpers/store-contract.ts'
import { tempDir } from '../helpers/temp-dir.ts'
import { okUpstream } from '../helpers/upstream.ts'
import { inWords, probed, readFigures } from '../soak/figures.ts'

const RELOADS = sized(40, 400)
/** A gateway that is kept by mistake costs some 370,000 bytes, and one of its parts some thousands. */
const MOST_BYTES_A_RELOAD = sized(20_000, 3_000)
/** What a reload has replaced goes after a second. */
const SETTLING_MS = 1500

test('nothing is left in memory of what a reload has replaced', async (t) => {
  const app = await okUpstream(t)
  const dir = tempDir(t)
  const [configFile, figuresFile] = [join(dir, 'config.yaml'), join(dir, 'figures')]
  writeFileSync(configFile, 'brandName: First\n')
  const gateway = await startGateway(t, ['--config', configFile, '--upstream', app.url], probed(figuresFile))
  let done = 0
  const reload = async (count: number): Promise<void> => {
    for (const until = done + count; done < until; ) {
      writeFileSync(configFile, `brandName: Number ${++done}\n`)
      gateway.signal('SIGHUP')
      await waitUntil(() => gateway.stdout.split('"configuration reloaded"').length > done)
      assert.equal((await fetch(gateway.url)).status, 200)
    }
    await new Promise((resolve) => setTimeout(resolve, SETTLING_MS))
  }
  await reload(RELOADS)
  const before = await readFigures(gateway.pid, figuresFile)
  await reload(RELOADS)
  const after = await readFigures(gateway.pid, figuresFile)
  t.diagnostic(`after ${RELOADS} reloads ${inWords(before)}; after as many again ${inWords(after)}`)
  const bytes = (after.heapBytes - before.heapBytes) / RELOADS
  assert.ok(bytes < MOST_BYTES_A_RELOAD, `${Math.round(bytes)} bytes a reload`)
  assert.ok(after.descriptors <= before.descriptors + 2, 'descriptors')
  assert.ok(after.timers <= before.timers + 2, 'timers')
})
