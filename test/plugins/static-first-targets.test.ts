import assert from 'node:assert/strict'
import test from 'node:test'
import { raw, site } from './static-site.ts'

for (const [target, text] of Object.entries({
  '/a%20b.txt': 'space',
  '/%68ello.txt': 'hello\n',
  '/100%25.txt': 'percent',
  '/what%3F.txt': 'question',
  '/hash%23.txt': 'hash',
  '/plus+.txt': 'plus',
  '/caf%C3%A9.txt': 'cafe',
  '/[id].txt': 'brackets',
  '//sub///in.txt': 'in-sub',
  '/sub/./../hello.txt': 'hello\n',
  '/sub/%2e%2e/hello.txt': 'hello\n',
  '/sub%2Fin.txt': 'in-sub',
  '/hello.txt?x=../y': 'hello\n',
  '/hello.txt?/../../secret.txt': 'hello\n',
  '/hello.txt#part': 'hello\n',
  'http://other.example/hello.txt': 'hello\n',
  'HTTPS://x/hello.txt?a': 'hello\n',
  '/.well-known/a.txt': 'acme',
  '/inside.txt': 'in-sub'
})) {
  test(`${target} is a file`, async (t) => {
    const found = await site(t)
    const { status, body } = await raw(t, found, target)
    assert.deepEqual([status, body, found.asked], [200, text, []])
  })
}

for (const target of [
  '/',
  '/sub',
  '/sub/',
  '/nope.txt',
  '/hello.txt/more',
  '/hello.txt/',
  '/hello.txt/.',
  '/HELLO.TXT',
  '/hello',
  '/*.txt',
  '/fifo',
  '/dangling.txt',
  '/loop.txt',
  '/out.txt',
  '/.env',
  '/.git/config',
  '/sub/../.env',
  '/%2eenv',
  '/.well-known/.b',
  '/%2568ello.txt',
  '/back%5Cslash.txt',
  '/back\\slash.txt',
  '/..;/secret.txt',
  '/..\\secret.txt',
  '/..%5csecret.txt',
  '/%252e%252e/secret.txt',
  '/%c0%ae%c0%ae/secret.txt',
  '/caf%E9.txt',
  '/%2ftmp%2fsecret.txt',
  `/${'n'.repeat(300)}.txt`,
  `/${'deep/'.repeat(1000)}x`,
  'http://x',
  'http://x?y',
  '/__proto__/constructor'
]) {
  test(`${target.slice(0, 40)} goes to the app as it is`, async (t) => {
    const found = await site(t)
    const { status, body } = await raw(t, found, target)
    assert.deepEqual([status, body, found.asked], [200, 'the-app', [target]])
  })
}

for (const target of [
  '/../secret.txt',
  '/%2e%2e/secret.txt',
  '/..%2fsecret.txt',
  '/sub/..%2f..%2fsecret.txt',
  '/../static-evil/secret.txt',
  '/../secret.txt%00.txt',
  '/hello.txt%00',
  '/a%zz',
  '/cut%4',
  '/cut%',
  'http://x/../secret.txt',
  '*',
  'hello.txt',
  'ftp://x/hello.txt',
  '/a/../../b'
]) {
  test(`${target} is refused`, async (t) => {
    const found = await site(t)
    const { status, body, head } = await raw(t, found, target)
    assert.equal(status, 400)
    assert.deepEqual(found.asked, [])
    assert.doesNotMatch(head + body, /SECRET|intermission-reason|FST_/i)
  })
}
