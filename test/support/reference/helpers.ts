import { decodeFunctionData, encodeFunctionResult } from 'viem'
import { iDatanetReadingAbi } from '../../../contracts/generated/reference/IDatanetReading.ts'
import { iNativeHostAbi } from '../../../contracts/generated/reference/INativeHost.ts'
import { DatanetReader } from '../../../precompiles/datanet/read.ts'
import { type NativePrecompile, type PrecompileHost, PrecompileRevert } from '../../../precompiles/host.ts'
import { EMPTY_BYTES } from '../../../src/primitives/bytes.ts'
import { type Address, bytesToHex, hexToBytes, ZERO_HASH } from '../../../src/primitives/hex.ts'

/** As in contracts/reference/NativeHost.sol and DatanetReading.sol. */
const NATIVE_HOST: Address = '0x0000000000000000000000000000000016129001'
const DATANET_READING: Address = '0x0000000000000000000000000000000016129002'

const helper = (name: string, address: Address, run: NativePrecompile['run']): NativePrecompile => ({
  name,
  version: 1,
  address,
  abiHash: ZERO_HASH,
  run,
})

/** The host, acting for the account that calls. */
function forCaller(host: PrecompileHost): PrecompileHost {
  return Object.assign(host, { self: host.caller })
}

/** INativeHost: what a contract cannot do and a native precompile can. */
const nativeHost = helper('nativeHost', NATIVE_HOST, (host, input) => {
  const call = decodeFunctionData({ abi: iNativeHostAbi, data: bytesToHex(input) })
  switch (call.functionName) {
    case 'isStatic':
      return hexToBytes(
        encodeFunctionResult({ abi: iNativeHostAbi, functionName: 'isStatic', result: host.isStatic }),
      )
    case 'transfer': {
      const [to, amountWei] = call.args
      forCaller(host).transfer(to.toLowerCase() as Address, amountWei)
      return EMPTY_BYTES
    }
    case 'writeBlob': {
      const [id, payload] = call.args
      forCaller(host).writeBlob(id, hexToBytes(payload))
      return EMPTY_BYTES
    }
    case 'readBlob': {
      const [owner, id] = call.args
      const payload = host.readBlob(owner.toLowerCase() as Address, id)
      if (payload === undefined) throw new PrecompileRevert(EMPTY_BYTES)
      const result = bytesToHex(payload)
      return hexToBytes(encodeFunctionResult({ abi: iNativeHostAbi, functionName: 'readBlob', result }))
    }
  }
})

/** IDatanetReading: what siblings read by slot, and people cannot ask for. */
const datanetReading = helper('datanetReading', DATANET_READING, (host, input) => {
  const call = decodeFunctionData({ abi: iDatanetReadingAbi, data: bytesToHex(input) })
  const reader = new DatanetReader(host)
  if (call.functionName === 'hasAccess') {
    const [datanetId, account] = call.args
    const result = reader.hasAccess(datanetId, account.toLowerCase() as Address)
    return hexToBytes(encodeFunctionResult({ abi: iDatanetReadingAbi, functionName: 'hasAccess', result }))
  }
  const [datanetId, version, index] = call.args
  const [member] = reader.members(datanetId, version, index, 1)
  if (member === undefined) throw new PrecompileRevert(EMPTY_BYTES)
  const result = [member.recordCount, member.flags] as const
  return hexToBytes(encodeFunctionResult({ abi: iDatanetReadingAbi, functionName: 'memberAt', result }))
})

/** What runs beside the registries in a world with references. */
export const helpers: readonly NativePrecompile[] = [nativeHost, datanetReading]
