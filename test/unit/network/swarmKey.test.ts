import { generateKey } from '@libp2p/pnet'
import { describe, expect, it } from 'vitest'
import { parseSwarmKey, readSwarmKey } from '../../../src/network/libp2p/swarmKey.ts'
import { codeOf, thrownCode } from '../../support/network/outcome.ts'

const digits = '0123456789abcdef'.repeat(4)
const whole = `/key/swarm/psk/1.0.0/\n/base16/\n${digits}`

describe('the key of a private network', () => {
  it('is read as the library writes it, with or without a line feed', () => {
    const written = new Uint8Array(95)
    generateKey(written)
    expect(parseSwarmKey(Buffer.from(written).toString(), 'f')).toEqual(written)
    for (const text of [whole, `${whole}\n`, whole.replaceAll('\n', '\r\n')]) {
      expect(Buffer.from(parseSwarmKey(text, 'f')).toString()).toBe(whole)
    }
  })

  it.each([
    ['nothing', ''],
    ['only digits', digits],
    ['a digit too few', whole.slice(0, -1)],
    ['a digit too many', `${whole}0`],
    ['another encoding', whole.replace('base16', 'base64')],
    ['another version', whole.replace('1.0.0', '2.0.0')],
    ['a second key', `${whole}\n${digits}`],
    ['much more', `${whole}${' '.repeat(500)}`],
  ])('is not %s', (_what, text) => {
    expect(thrownCode(() => parseSwarmKey(text, 'f'))).toBe('BAD_CONFIG')
  })

  it('must be there', async () => {
    expect(await codeOf(readSwarmKey('/nowhere/swarm.key'))).toBe('BAD_CONFIG')
  })
})
