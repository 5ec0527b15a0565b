import fc from 'fast-check'
import { base58btc } from 'multiformats/bases/base58'
import { CID } from 'multiformats/cid'
import * as json from 'multiformats/codecs/json'
import * as raw from 'multiformats/codecs/raw'
import { sha256, sha512 } from 'multiformats/hashes/sha2'
import { describe, expect, it } from 'vitest'
import {
  cidFromBytes,
  cidOf,
  cidOfDigest,
  cidToBytes,
  digestOfCid,
  parseCid,
} from '../../../src/content/cid.ts'

const text = (value: string) => new TextEncoder().encode(value)

describe('CIDs', () => {
  it('name bytes as other IPFS tools do', async () => {
    // the CID of "hello world\n" is in every IPFS tutorial: `ipfs add --cid-version=1`
    expect(cidOf(text('hello world\n'))).toBe('bafkreifjjcie6lypi6ny7amxnfftagclbuxndqonfipmb64f2km2devei4')
    const bytes = text('any other bytes')
    expect(cidOf(bytes)).toBe(CID.createV1(raw.code, await sha256.digest(bytes)).toString())
  })

  it('go to their digest and to bytes, and back', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 32, maxLength: 32 }), (digest) => {
        const cid = cidOfDigest(digest)
        expect(digestOfCid(cid)).toBe(`0x${Buffer.from(digest).toString('hex')}`)
        expect(cidOfDigest(digestOfCid(cid))).toBe(cid)
        expect(cidFromBytes(cidToBytes(cid))).toBe(cid)
        expect(parseCid(cid)).toBe(cid)
      }),
    )
  })

  it('are refused in any other form, even where they would name the same bytes', async () => {
    const bytes = text('x')
    const digest = await sha256.digest(bytes)
    const good = cidOf(bytes)
    const others = [
      '',
      'b',
      good.toUpperCase(),
      `${good} `,
      `/ipfs/${good}`,
      CID.createV1(raw.code, digest).toString(base58btc),
      CID.createV0(digest).toString(),
      CID.createV1(json.code, digest).toString(),
      CID.createV1(raw.code, await sha512.digest(bytes)).toString(),
      // the last character holds two bits that belong to no byte: the same bytes, another text
      good.slice(0, -1) +
        'abcdefghijklmnopqrstuvwxyz234567'['abcdefghijklmnopqrstuvwxyz234567'.indexOf(good.at(-1)!) ^ 1],
    ]
    for (const other of others)
      expect(() => parseCid(other), other).toThrow(expect.objectContaining({ code: 'BAD_CID' }))
    for (const wrong of [
      new Uint8Array(36),
      cidToBytes(good).subarray(1),
      CID.createV1(json.code, digest).bytes,
    ])
      expect(() => cidFromBytes(wrong)).toThrow(expect.objectContaining({ code: 'BAD_CID' }))
  })

  it('never parse to something else than the text, whatever the text', () => {
    fc.assert(
      fc.property(fc.stringMatching(/^b[a-z2-7]{58}$/), (candidate) => {
        try {
          expect(parseCid(candidate)).toBe(candidate)
        } catch (error) {
          expect(error).toMatchObject({ code: 'BAD_CID' })
        }
      }),
    )
  })
})
