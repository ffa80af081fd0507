import assert from 'node:assert/strict'
import test from 'node:test'
import { describeRedis, maskRedisUrl, parseRedisUrl } from '../src/redis-url.ts'

const PLAIN = { kind: 'single', master: null, database: 0, tls: false, user: null, password: null }

for (const [url, expected] of [
  ['redis://db', { ...PLAIN, nodes: [{ host: 'db', port: 6379 }] }],
  ['redis://[::1]:7000/3', { ...PLAIN, database: 3, nodes: [{ host: '::1', port: 7000 }] }],
  ['rediss://10.0.0.1/', { ...PLAIN, tls: true, nodes: [{ host: '10.0.0.1', port: 6379 }] }],
  ['redis://:p%40ss@db', { ...PLAIN, password: 'p@ss', nodes: [{ host: 'db', port: 6379 }] }],
  ['redis://ada:a:b@db', { ...PLAIN, user: 'ada', password: 'a:b', nodes: [{ host: 'db', port: 6379 }] }],
  [
    'rediss+sentinel://ada:x@s1,s2:5000/main/2',
    {
      ...{ kind: 'sentinel', master: 'main', database: 2, tls: true, user: 'ada', password: 'x' },
      nodes: [
        { host: 's1', port: 26379 },
        { host: 's2', port: 5000 }
      ]
    }
  ],
  [
    'redis+cluster://a:7000,b:7001',
    {
      ...{ ...PLAIN, kind: 'cluster' },
      nodes: [
        { host: 'a', port: 7000 },
        { host: 'b', port: 7001 }
      ]
    }
  ]
] as const) {
  test(`${url} is read`, () => assert.deepEqual(parseRedisUrl(url), expected))
}

for (const url of [
  'redis://',
  'redis://a/b',
  'redis://a,b',
  'redis://a:0',
  'redis://a:70000',
  'redis://a b',
  'redis://%zz@a',
  'redis://a/0/1',
  'redis://a?x',
  'redis+sentinel://a',
  'redis+sentinel://a/',
  'redis+cluster://a/1',
  'redis+x://a'
]) {
  test(`${url} is refused`, () => assert.throws(() => parseRedisUrl(url), { code: 'ERR_INPUT_INVALID' }))
}

test('a password is never shown, not even in an address that is refused', () => {
  for (const [url, shown] of [
    ['redis://ada:secret@db:6379/0', 'redis://ada:********@db:6379/0'],
    ['rediss://:secret@db', 'rediss://:********@db'],
    ['redis://secret@db', 'redis://********@db'],
    ['redis://ada:se/c@r#et@db/x', 'redis://ada:********@db/x'],
    ['redis+sentinel://ada:secret@a,b/main', 'redis+sentinel://ada:********@a,b/main'],
    ['redis://db', 'redis://db'],
    ['file:/tmp/a@b', 'file:/tmp/a@b']
  ] as const) {
    assert.equal(maskRedisUrl(url), shown)
  }
  assert.throws(
    () => parseRedisUrl('redis://ada:secret@db/x'),
    (error: Error) => {
      assert.ok(!error.message.includes('secret'), error.message)
      return true
    }
  )
  assert.equal(describeRedis(parseRedisUrl('redis://ada:secret@db')), 'Redis at db:6379')
})
