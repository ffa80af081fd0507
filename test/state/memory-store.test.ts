import { createMemoryStore } from '../../src/state/memory-store.ts'
import { storeContract } from '../helpers/store-contract.ts'

storeContract('memory store', { shared: false, create: () => createMemoryStore() })
