import { EMPTY_BYTES } from '../../../src/primitives/bytes.ts'
import { DATANET_ADDRESS } from '../../addresses.ts'
import { bounds } from '../../bounds.ts'
import { bitsIn } from '../../shared/bits.ts'
import { readBlob } from '../../shared/blobs.ts'
import type { Methods } from '../../shared/dispatch.ts'
import { arrayDataSlot, mappingSlot, readPacked } from '../../shared/layout.ts'
import {
  checkCount,
  type DatanetAbi,
  type DatanetCall,
  existingContribution,
  existingDatanet,
  fail,
  versionAt,
} from '../call.ts'
import { feedbackOn } from '../kinds.ts'
import { minhashBlobs } from '../layout.ts'
import { panelOf } from '../panel.ts'
import { DatanetReader } from '../read.ts'

/** A version that is frozen or being frozen. */
function existingVersion(call: DatanetCall, datanetId: bigint, version: number) {
  const datanet = existingDatanet(call, datanetId)
  const draft = datanet.get('versions') + 1
  const view = versionAt(call, datanetId, version)
  if (version === 0 || version > draft || (version === draft && view.get('scannedTo') === 0n)) {
    fail('UnknownVersion', { datanetId, version })
  }
  return view
}

export const viewMethods: Methods<
  DatanetAbi,
  DatanetCall,
  | 'getDatanet'
  | 'counts'
  | 'getContribution'
  | 'panelOf'
  | 'getMinhash'
  | 'contributionByRoot'
  | 'feedbackOn'
  | 'contributionsOf'
  | 'getVersion'
  | 'versionMembers'
> = {
  getDatanet: {
    gas: 0n,
    run(call, { datanetId }) {
      const datanet = existingDatanet(call, datanetId)
      const values = datanet.values()
      const { minBondWei, acceptThresholdBps, bountyPerRecordWei, scorerPayWei } = values
      return {
        ...values,
        terms: { minBondWei, acceptThresholdBps, bountyPerRecordWei, scorerPayWei },
        scorers: bitsIn(datanet.get('activeSeats')).length,
        commits: call.store.load(datanet.at('order')),
        name: datanet.text('name'),
        licence: datanet.text('licence'),
        metadataCid: datanet.text('metadataCid'),
      }
    },
  },

  counts: {
    gas: 0n,
    run: ({ registry }) => ({
      datanets: registry.get('datanetCount'),
      contributions: registry.get('contributionCount'),
    }),
  },

  getContribution: {
    gas: 0n,
    run: (call, { contributionId }) => existingContribution(call, contributionId).values(),
  },

  panelOf: {
    gas: 0n,
    run: (call, { contributionId }) => panelOf(call, existingContribution(call, contributionId)),
  },

  getMinhash: {
    gas: 0n,
    run(call, { contributionId }) {
      existingContribution(call, contributionId)
      return readBlob(call.host, DATANET_ADDRESS, minhashBlobs, contributionId) ?? EMPTY_BYTES
    },
  },

  contributionByRoot: {
    gas: 0n,
    run: ({ store, registry }, { contentRoot }) =>
      store.load(mappingSlot(store, registry.at('roots'), contentRoot)),
  },

  feedbackOn: { gas: 0n, run: (call, { receiptId }) => feedbackOn(call, receiptId) },

  contributionsOf: {
    gas: 0n,
    run(call, { datanetId, start, count }) {
      checkCount(count, bounds.pageItems)
      const { store } = call
      const order = existingDatanet(call, datanetId).at('order')
      const length = store.load(order)
      const end = start + BigInt(count) < length ? start + BigInt(count) : length
      const ids: bigint[] = []
      for (let at = start; at < end; at++)
        ids.push(readPacked(store, arrayDataSlot(store, order), Number(at), 64))
      return ids
    },
  },

  getVersion: {
    gas: 0n,
    run: (call, { datanetId, version }) => existingVersion(call, datanetId, version).values(),
  },

  versionMembers: {
    gas: 0n,
    run(call, { datanetId, version, start, count }) {
      checkCount(count, bounds.pageItems)
      existingVersion(call, datanetId, version)
      return new DatanetReader(call.host, call.store).members(datanetId, version, start, count)
    },
  },
}
