import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'node:test'
import { Webhook } from 'standardwebhooks'
import { intermission, startGateway } from '../helpers/process.ts'
import { tempDir } from '../helpers/temp-dir.ts'
import { enter, leave, NEW, OLD, secretFile, verified } from './gateways.ts'
import { startReceiver } from './receiver.ts'

test('a reload takes other receivers and secrets, and refuses a file that holds none', async (t) => {
  const first = await startReceiver(t)
  const second = await startReceiver(t)
  const secret = secretFile(t, `${NEW}\n`)
  const config = join(tempDir(t), 'intermission.yaml')
  const say = (url: string): void => writeFileSync(config, `webhook: ${url}\nwebhookSecretFile: ${secret}\n`)
  say(first.url)
  const gateway = await startGateway(t, ['--config', config])
  await enter(gateway)
  await first.hasSeen(1)
  say(second.url)
  writeFileSync(secret, `${OLD}\n`)
  gateway.signal('SIGHUP')
  await gateway.waitFor(/configuration reloaded/)
  await leave(gateway)
  await second.hasSeen(1)
  assert.deepEqual(verified(second, 0, new Webhook(OLD)), second.told[0])
  assert.equal(second.told[0]?.sites[0]?.previousMode, 'maintenance')
  writeFileSync(secret, '# none\n')
  gateway.signal('SIGHUP')
  await gateway.waitFor(/webhookSecretFile.*holds no secret.*reload refused/)
  await enter(gateway)
  await second.hasSeen(2)
  assert.deepEqual(verified(second, 1, new Webhook(OLD)), second.told[1])
  assert.equal(first.seen.length, 1)
})

test('check shows where the address leads, but not its path, and refuses what cannot be signed or sent', async (t) => {
  const check = (...args: string[]): ReturnType<typeof intermission> =>
    intermission(t, [
      'check',
      '--state-dir',
      tempDir(t),
      '--listen',
      '127.0.0.1:0',
      '--admin',
      '127.0.0.1:0',
      ...args
    ])
  const url = 'https://hooks.example/services/a-secret-path?key=x'
  const shown = await check('--webhook', url, '--webhook-secret-file', secretFile(t))
  assert.equal(shown.code, 0, shown.stderr)
  assert.match(shown.stdout, /https:\/\/hooks\.example\/\*+/)
  for (const [args, why] of [
    [['--webhook', url], /webhookSecretFile is missing/],
    [['--webhook', url, '--webhook-secret-file', secretFile(t, NEW, 0o644)], /is open to other users/],
    [['--webhook', url, '--webhook-secret-file', secretFile(t, 'short\n')], /no good secret on line 1/],
    [['--webhook', url, '--webhook-secret-file', secretFile(t, '# none\n')], /holds no secret/],
    [
      ['--webhook', 'ftp://hooks.example/a-secret-path', '--webhook-secret-file', secretFile(t)],
      /an address such as/
    ],
    [['--webhook', 'https://anna:a-secret-path@hooks.example/'], /without user and password/]
  ] as [string[], RegExp][]) {
    const { code, stdout, stderr } = await check(...args)
    assert.equal(code, 2, stderr)
    assert.match(stderr + stdout, why)
    assert.doesNotMatch(shown.stdout + stdout + stderr, /a-secret-path|our-own-choice/)
  }
})
