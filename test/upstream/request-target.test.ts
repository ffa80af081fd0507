import assert from 'node:assert/strict'
import { test } from 'node:test'
import { normalisePath, parseRequestTarget } from '../../src/upstream/request-target.ts'

const UNTOUCHED = [
  '/',
  '//other.example/x',
  '/a/./b/../c',
  '/a/%2e%2e/b',
  '/a\\b\\..\\c',
  '/caf%E9',
  '/%C0%AE%C0%AE/x',
  '/docs/[...slug]/a...b/..c/d..',
  '/p?q=%zz&next=/../../b',
  '/a%0d%0aX:%20y',
  '/a#frag'
]

test('a target that is a path passes byte for byte', () => {
  for (const target of UNTOUCHED)
    assert.deepEqual(parseRequestTarget(target, 'GET'), { originForm: target, host: null })
})

test('a target above the root, with a malformed escape or an encoded NUL is refused', () => {
  for (const target of [
    '/..',
    '/../x',
    '/a/../../x',
    '/%2e%2e/x',
    '/..%2fx',
    '/a%zz',
    '/a%',
    '/a%4',
    '/a%00b'
  ]) {
    assert.equal(parseRequestTarget(target, 'GET'), null, target)
  }
})

test('an absolute target is taken for its path and names the host', () => {
  assert.deepEqual(parseRequestTarget('http://shop.test:81/a?b', 'GET'), {
    originForm: '/a?b',
    host: 'shop.test:81'
  })
  assert.deepEqual(parseRequestTarget('HTTPS://shop.test', 'GET'), { originForm: '/', host: 'shop.test' })
  assert.deepEqual(parseRequestTarget('http://shop.test?x=1', 'GET'), {
    originForm: '/?x=1',
    host: 'shop.test'
  })
})

test('what is neither a path nor an address of ours is refused', () => {
  for (const target of ['x', '', '*', 'ftp://x/y', 'http:///x', 'http://user@x/', 'http://x/../y', 'x:1']) {
    assert.equal(parseRequestTarget(target, 'GET'), null, target)
  }
  assert.deepEqual(parseRequestTarget('*', 'OPTIONS'), { originForm: '*', host: null })
})

test('a path is decoded once, its slashes merged and its dot segments resolved', () => {
  const same: Record<string, string> = {
    '/': '/',
    '//a///b': '/a/b',
    '/a/./b/../c': '/a/c',
    '/a/%2e%2e/b': '/b',
    '/a%2fb': '/a/b',
    '/%2561': '/%61',
    '/a/': '/a/',
    '/a/.': '/a/',
    '/a/b/..': '/a/',
    '/a/..': '/',
    '/%C3%A9': '/\xc3\xa9'
  }
  for (const [path, expected] of Object.entries(same)) assert.equal(normalisePath(path), expected, path)
  for (const path of ['/..', '/a/../..', '/%', '/%0', '/%00']) assert.equal(normalisePath(path), null, path)
})
