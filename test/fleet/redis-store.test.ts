import { after } from 'node:test'
import { openRedisFleet } from '../../src/fleet/redis-fleet.ts'
import { startRedis } from '../helpers/redis.ts'
import { storeContract, waitUntil } from '../helpers/store-contract.ts'
import { tempDir } from '../helpers/temp-dir.ts'

const redis = await startRedis({ after, skip: () => {} })
let fleets = 0
const names = new WeakMap<object, number>()

if (redis) {
  storeContract('Redis store', {
    shared: true,
    async create(t, backend) {
      const number = names.get(t) ?? ++fleets
      names.set(t, number)
      let close = async (): Promise<void> => {}
      // First of all, since what is registered first is done first: the folder is used until then.
      t.after(() => close())
      const fleet = await openRedisFleet({
        url: redis.url,
        fleet: `contract-${number}-${backend}`,
        stateDir: tempDir(t),
        timing: { emptyStoreMs: 50, beatMs: 200 }
      })
      close = fleet.store.close
      // It loads the library and connects first, which may take a while where much else is going on.
      await waitUntil(() =>
        fleet.store.read().then(
          () => true,
          () => false
        )
      )
      return fleet.store
    }
  })
}
