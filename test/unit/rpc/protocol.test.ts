import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { limits } from '../../../src/config/limits.ts'
import { type ErrorCode, NodeError } from '../../../src/errors/errors.ts'
import { RpcError, toErrorObject } from '../../../src/rpc/errors.ts'
import { parseBody } from '../../../src/rpc/request.ts'
import { type Answer, FakeNode, makeRpc } from './fixtures.ts'

const { handle, ask } = makeRpc()
const request = (fields: Record<string, unknown>) => ({
  jsonrpc: '2.0',
  id: 7,
  method: 'eth_chainId',
  ...fields,
})
const code = async (body: unknown) =>
  ((await handle(typeof body === 'string' ? body : JSON.stringify(body))) as Answer).error?.code

/** JSON-RPC 2.0, section 5. */
function isWellFormed(answer: unknown): boolean {
  const { jsonrpc, id, error, ...rest } = answer as Answer
  const hasResult = 'result' in rest
  const isError = error !== undefined && Number.isInteger(error.code) && typeof error.message === 'string'
  return jsonrpc === '2.0' && id !== undefined && hasResult !== isError
}

describe('a request', () => {
  it('is answered under its id, whatever kind of id that is', async () => {
    for (const id of [0, 1.5, -3, 'x', '', null]) {
      expect(await handle(JSON.stringify(request({ id })))).toEqual({ jsonrpc: '2.0', id, result: '0x275bc' })
    }
  })

  it('that is not JSON is a parse error', async () => {
    for (const body of ['', '{', 'nonsense', '{"jsonrpc":"2.0"', '[1,]', '\u0000']) {
      expect(await handle(body)).toMatchObject({ id: null, error: { code: -32700 } })
    }
  })

  it('of the wrong shape is an invalid request, answered under its id where that can be read', async () => {
    for (const body of ['1', '"x"', 'null', 'true', '{}', '[]']) expect(await code(body)).toBe(-32600)
    expect(await handle(JSON.stringify(request({ jsonrpc: '1.0' })))).toMatchObject({
      id: 7,
      error: { code: -32600 },
    })
    expect(await code(request({ jsonrpc: undefined }))).toBe(-32600)
    expect(await code(request({ method: 5 }))).toBe(-32600)
    expect(await code(request({ method: '' }))).toBe(-32600)
    expect(await code(request({ method: 'm'.repeat(101) }))).toBe(-32600)
    expect(await handle(JSON.stringify(request({ id: {} })))).toMatchObject({
      id: null,
      error: { code: -32600 },
    })
    expect(await code(request({ id: 'x'.repeat(1_001) }))).toBe(-32600)
    expect(await code(request({ params: 'x' }))).toBe(-32600)
    expect(await code(request({ params: { address: '0x' } }))).toBe(-32602)
    expect(await code(request({ params: null }))).toBe(undefined)
  })

  it('for a method that does not exist, or is not enabled, is refused', async () => {
    for (const method of ['eth_foo', 'debug_traceTransaction', 'toString', '__proto__', 'constructor']) {
      expect(await code(request({ method }))).toBe(-32601)
    }
    expect(await code(request({ method: 'eth_subscribe', params: ['newHeads'] }))).toBe(-32601)
  })

  it('with too many, missing or wrong parameters is told which', async () => {
    expect((await ask('eth_chainId', 1)).error).toMatchObject({ code: -32602 })
    expect((await ask('eth_getBalance')).error).toEqual({
      code: -32602,
      message: 'missing value for required argument 0 (address)',
    })
    expect((await ask('eth_getBalance', 5)).error?.message).toContain('argument 0 (address)')
    expect((await ask('eth_getBalance', `0x${'11'.repeat(20)}`, 'newest')).error).toEqual({
      code: -32602,
      message: 'invalid argument 1 (block): hex string without 0x prefix',
    })
    expect((await ask('eth_call', { to: '0x12' })).error?.message).toBe(
      'invalid argument 0 (transaction): to: expected 20 bytes of hex',
    )
  })

  it('that names its fields by inheritance inherits nothing', async () => {
    expect(await code('{"__proto__":{"jsonrpc":"2.0","id":1,"method":"eth_chainId"}}')).toBe(-32600)
    expect(await code('{"jsonrpc":"2.0","id":1,"method":"eth_chainId","__proto__":{"admin":true}}')).toBe(
      undefined,
    )
    const overrides = '{"__proto__":{"balance":"0x1"},"constructor":{"balance":"0x1"}}'
    const body = `{"jsonrpc":"2.0","id":1,"method":"eth_call","params":[{},"latest",${overrides}]}`
    expect(await code(body)).toBe(-32602)
    const polluted = `{"jsonrpc":"2.0","id":1,"method":"eth_call","params":[{"__proto__":{"to":"0x1"}},"latest"]}`
    expect(await code(polluted)).toBe(undefined)
    expect(({} as Record<string, unknown>).balance).toBe(undefined)
    expect(({} as Record<string, unknown>).admin).toBe(undefined)
  })
})

describe('a notification', () => {
  it('gets no answer, even when it fails', async () => {
    expect(await handle('{"jsonrpc":"2.0","method":"eth_chainId"}')).toBe(undefined)
    expect(await handle('{"jsonrpc":"2.0","method":"eth_nothing"}')).toBe(undefined)
    expect(await handle('[{"jsonrpc":"2.0","method":"eth_chainId"}]')).toBe(undefined)
  })
})

describe('a batch', () => {
  it('is answered one by one, in order, good and bad alike', async () => {
    const answers = (await handle(
      JSON.stringify([
        request({ id: 1 }),
        5,
        request({ id: 2, method: 'eth_nothing' }),
        request({ id: undefined }),
        request({ id: 3, method: 'eth_getBalance' }),
        request({ id: 4, method: 'net_version' }),
      ]),
    )) as Answer[]
    expect(answers.map(({ id, result, error }) => [id, result ?? error?.code])).toEqual([
      [1, '0x275bc'],
      [null, -32600],
      [2, -32601],
      [3, -32602],
      [4, '161212'],
    ])
  })

  it('keeps the order of many', async () => {
    const ids = Array.from({ length: 100 }, (_, id) => id)
    const answers = (await handle(JSON.stringify(ids.map((id) => request({ id }))))) as Answer[]
    expect(answers.map(({ id }) => id)).toEqual(ids)
  })

  it('is refused whole when empty or too long', async () => {
    expect(await code('[]')).toBe(-32600)
    expect(await code(Array(limits.rpcBatchRequests + 1).fill(request({})))).toBe(-32005)
  })

  it('is cut short when its answers grow too large', async () => {
    const node = new FakeNode()
    const rpc = makeRpc(node)
    const output = new Uint8Array(Math.floor(limits.rpcResponseBytes / 30))
    node.callResult = () => ({ output, gasUsed: 1n, gasRefund: 0n })
    const call = request({ method: 'eth_call', params: [{}] })
    const answers = (await rpc.handle(JSON.stringify(Array(40).fill(call)))) as Answer[]
    const codes = answers.map(({ error }) => error?.code)
    expect(codes.slice(0, 14)).toEqual(Array(14).fill(undefined))
    expect(codes.slice(14)).toEqual(Array(26).fill(-32005))
    // What follows is not even run.
    expect(node.calls_.length).toBe(limits.rpcBatchConcurrency)
  }, 20_000)

  it('refuses a single answer that is too large', async () => {
    const node = new FakeNode()
    node.callResult = () => ({
      output: new Uint8Array(limits.rpcResponseBytes / 2),
      gasUsed: 1n,
      gasRefund: 0n,
    })
    expect((await makeRpc(node).ask('eth_call', {})).error?.code).toBe(-32005)
  })
})

describe('errors', () => {
  it('carry the node’s own code, and nothing of what is unexpected', () => {
    const shown = (code: ErrorCode) => toErrorObject(new NodeError(code, 'words', { secret: 1 }))
    expect(shown('TX_NONCE_TOO_LOW')).toEqual({
      code: -32003,
      message: 'words',
      data: { code: 'TX_NONCE_TOO_LOW' },
    })
    expect(shown('LIMIT_EXCEEDED').code).toBe(-32005)
    expect(shown('STATE_PRUNED').code).toBe(-32002)
    expect(shown('DATA_CORRUPT')).toEqual({ code: -32603, message: 'Internal error.' })
    expect(toErrorObject(new Error('/home/key'))).toEqual({ code: -32603, message: 'Internal error.' })
    expect(toErrorObject('thrown text')).toEqual({ code: -32603, message: 'Internal error.' })
    expect(toErrorObject(new RpcError(3, 'execution reverted', '0x01'))).toEqual({
      code: 3,
      message: 'execution reverted',
      data: '0x01',
    })
  })
})

describe('any input', () => {
  it('text is answered well-formed', async () => {
    await fc.assert(
      fc.asyncProperty(fc.oneof(fc.string(), fc.json(), fc.string({ unit: 'binary' })), async (text) => {
        const answer = await handle(text)
        const answers = Array.isArray(answer) ? answer : [answer]
        expect(answer === undefined || answers.every(isWellFormed)).toBe(true)
      }),
      { numRuns: 200 },
    )
  })

  it('parameters are answered with a result or a refusal, never an internal error', async () => {
    const methods = [
      'eth_getBlockByNumber',
      'eth_call',
      'eth_estimateGas',
      'eth_getLogs',
      'eth_newFilter',
      'eth_feeHistory',
      'eth_getProof',
      'eth_getStorageAt',
      'eth_getStorageValues',
      'eth_sendRawTransaction',
      'eth_getTransactionByHash',
      'eth_getBlockReceipts',
      'eth_getTransactionByBlockNumberAndIndex',
      'txpool_contentFrom',
      'web3_sha3',
      'openledger_getDatanet',
      'openledger_getAttribution',
    ] as const
    const hex = fc
      .string({ unit: fc.constantFrom(...'0123456789abcdefx'), maxLength: 70 })
      .map((text) => `0x${text}`)
    const leaf = fc.oneof(
      hex,
      fc.constantFrom(
        'latest',
        'pending',
        'earliest',
        '0x0',
        '0x1',
        `0x${'11'.repeat(20)}`,
        `0x${'22'.repeat(32)}`,
      ),
      fc.jsonValue(),
    )
    const keys = [
      'to',
      'from',
      'data',
      'input',
      'gas',
      'blockHash',
      'fromBlock',
      'toBlock',
      'address',
      'topics',
    ]
    const object = fc.dictionary(fc.constantFrom(...keys), leaf)
    const params = fc.array(fc.oneof(leaf, object, fc.array(leaf)), { maxLength: 4 })
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...methods), params, async (method, list) => {
        const answer = await ask(method, ...list)
        expect(isWellFormed(answer)).toBe(true)
        expect(answer.error?.code).not.toBe(-32603)
      }),
      { numRuns: 600 },
    )
  })

  it('deep nesting neither overflows nor passes', () => {
    const depth = 200_000
    const deep = `${'['.repeat(depth)}${']'.repeat(depth)}`
    expect(parseBody(deep)).toMatchObject({ isBatch: true })
    const inParams = `{"jsonrpc":"2.0","id":1,"method":"eth_call","params":[${deep}]}`
    return expect(handle(inParams)).resolves.toMatchObject({ error: { code: -32602 } })
  })
})
