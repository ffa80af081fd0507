import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type LookupFunction } from 'node:net'
import { test } from 'node:test'
import { rememberAddresses } from '../../src/upstream/known-addresses.ts'

test('while no name server answers, a name leads where it led last; a name that is no more leads nowhere', async (t) => {
  const server = createServer((socket) => socket.destroy()).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => server.close())
  const { port } = server.address() as AddressInfo
  let failure: string | null = 'EAI_AGAIN'
  const names: LookupFunction = (_name, { all }, done) => {
    if (failure !== null) done(Object.assign(new Error(failure), { code: failure }), [])
    else if (all === true) done(null, [{ address: '127.0.0.1', family: 4 }])
    else done(null, '127.0.0.1', 4)
  }
  const lookup = rememberAddresses(names)
  const reached = async (): Promise<string> => {
    const socket = connect({ port, host: 'app.example', lookup })
    const outcome = await once(socket, 'connect').then(
      () => 'connected',
      (error: NodeJS.ErrnoException) => error.code ?? ''
    )
    socket.destroy()
    return outcome
  }
  assert.equal(await reached(), 'EAI_AGAIN')
  failure = null
  assert.equal(await reached(), 'connected')
  failure = 'EAI_AGAIN'
  assert.deepEqual([await reached(), await reached()], ['connected', 'connected'])
  failure = 'ENOTFOUND'
  assert.equal(await reached(), 'ENOTFOUND')
})
