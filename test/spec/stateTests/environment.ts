import { type Block, createBlock } from '@ethereumjs/block'
import type { Common } from '@ethereumjs/common'
import { bigIntToBytes, utf8ToBytes } from '../../../src/primitives/bytes.ts'
import { bytesToHex, type Hash, type Hex } from '../../../src/primitives/hex.ts'
import { keccakHex } from '../../../src/primitives/keccak.ts'
import type { TestEnvironment } from './fixture.ts'
import { toBigInt } from './numbers.ts'

/** What a test's transaction sees as its block. */
export function blockOf(env: TestEnvironment, common: Common): Block {
  const isProofOfStake = common.gteHardfork('paris')
  return createBlock(
    {
      header: {
        number: toBigInt(env.currentNumber),
        timestamp: toBigInt(env.currentTimestamp),
        gasLimit: toBigInt(env.currentGasLimit),
        coinbase: env.currentCoinbase as Hex,
        ...(isProofOfStake
          ? { mixHash: bytesToHex(bigIntToBytes(toBigInt(env.currentRandom ?? '0x'), 32)) }
          : { difficulty: toBigInt(env.currentDifficulty ?? '0x') }),
        // ten wei are what the tests' generator takes where the file names no base fee
        ...(common.isActivatedEIP(1559) ? { baseFeePerGas: toBigInt(env.currentBaseFee ?? '0x0a') } : {}),
        ...(common.isActivatedEIP(4844)
          ? { excessBlobGas: toBigInt(env.currentExcessBlobGas ?? '0x'), blobGasUsed: 0n }
          : {}),
      },
      ...(common.isActivatedEIP(4895) ? { withdrawals: [] } : {}),
    },
    { common, setHardfork: false, freeze: false },
  )
}

/** State tests have no ancestors: by convention a block's hash is that of its decimal number. */
export function testBlockHash(number: number): Hash {
  return keccakHex(utf8ToBytes(String(number)))
}
