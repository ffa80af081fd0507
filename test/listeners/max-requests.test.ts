import assert from 'node:assert/strict'
import test from 'node:test'
import { listening } from '../helpers/listening.ts'
import { slowUpstream } from '../helpers/upstream.ts'

test('requests beyond the limit are answered with 503, and served again once others are done', async (t) => {
  const upstream = await slowUpstream(t, 300)
  const gateway = await listening(t, { proxy: { upstream: upstream.url, maxRequests: 3 } })
  const url = `http://127.0.0.1:${gateway.port}/`
  const answers = await Promise.all(Array.from({ length: 5 }, () => fetch(url)))
  const statuses = answers.map(({ status }) => status).sort()
  assert.deepEqual(statuses, [200, 200, 200, 503, 503])
  const refused = answers.find(({ status }) => status === 503)!
  assert.equal(refused.headers.get('intermission-reason'), 'overloaded')
  assert.equal(refused.headers.get('retry-after'), '5')
  await Promise.all(answers.map((answer) => answer.text()))
  assert.equal((await fetch(url)).status, 200)
})

test('without a limit there is none', async (t) => {
  const upstream = await slowUpstream(t, 500)
  const gateway = await listening(t, { proxy: { upstream: upstream.url } })
  const url = `http://127.0.0.1:${gateway.port}/`
  const statuses = await Promise.all(Array.from({ length: 300 }, async () => (await fetch(url)).status))
  assert.deepEqual(new Set(statuses), new Set([200]))
})
