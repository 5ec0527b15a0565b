import { concatBytes } from '../../../src/primitives/bytes.ts'
import { type Hash, hexToBytes, ZERO_HASH } from '../../../src/primitives/hex.ts'
import { bounds } from '../../bounds.ts'
import type { Methods } from '../../shared/dispatch.ts'
import { mappingSlot, StructRef } from '../../shared/layout.ts'
import { type AdapterAbi, type AdapterCall, blockOf, checkText, emit, fail } from '../call.ts'
import { baseModelLayout } from '../layout.ts'

interface ModelHashes {
  readonly onnxHash: Hash
  readonly tokenizerHash: Hash
  readonly profileHash: Hash
}

function idSlot(
  { store, registry }: AdapterCall,
  { onnxHash, tokenizerHash, profileHash }: ModelHashes,
): bigint {
  const key = store.hash(
    concatBytes(hexToBytes(onnxHash), hexToBytes(tokenizerHash), hexToBytes(profileHash)),
  )
  return mappingSlot(store, registry.at('baseModelIds'), key)
}

export const baseModelMethods: Methods<
  AdapterAbi,
  AdapterCall,
  'registerBaseModel' | 'getBaseModel' | 'baseModelOf'
> = {
  registerBaseModel: {
    gas: 1_000n,
    run(call, { name, metadataCid, ...hashes }) {
      const { host, store, registry, slots } = call
      if (Object.values(hashes).includes(ZERO_HASH)) fail('ZeroHash')
      checkText(name, bounds.nameBytes)
      checkText(metadataCid, bounds.cidBytes, true)
      const slot = idSlot(call, hashes)
      const known = store.load(slot)
      if (known !== 0n) fail('BaseModelExists', { baseModelId: known })
      const baseModelId = registry.get('baseModelCount') + 1n
      registry.set('baseModelCount', baseModelId)
      store.save(slot, baseModelId)
      const model = new StructRef(store, baseModelLayout, slots.baseModel(baseModelId))
      model.update({ ...hashes, registrant: host.caller, registeredBlock: blockOf(call) })
      model.setText('name', name)
      model.setText('metadataCid', metadataCid)
      emit(host, 'BaseModelRegistered', {
        baseModelId,
        registrant: host.caller,
        ...hashes,
        name,
        metadataCid,
      })
      return baseModelId
    },
  },

  getBaseModel: {
    gas: 0n,
    run({ store, slots, reader }, { baseModelId }) {
      if (!reader.hasBaseModel(baseModelId)) fail('UnknownBaseModel', { baseModelId })
      const model = new StructRef(store, baseModelLayout, slots.baseModel(baseModelId))
      return { ...model.values(), name: model.text('name'), metadataCid: model.text('metadataCid') }
    },
  },

  baseModelOf: {
    gas: 300n,
    run: (call, hashes) => call.store.load(idSlot(call, hashes)),
  },
}
