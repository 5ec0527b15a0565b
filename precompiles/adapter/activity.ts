import { type AdapterCall, type AdapterRef, type VersionRef, versionAt } from './call.ts'

/** When a published version becomes current, and the one before it retires. */

/** The version is current from this block on; the one before stays active for as long as a request may be outstanding. */
export function activateFrom(call: AdapterCall, adapter: AdapterRef, view: VersionRef, block: number): void {
  view.set('activeFromBlock', block)
  retireBefore(call, adapter, block + call.parameters.priceRiseDelayBlocks)
}

/** The version does not become current until somebody says when. */
export function holdBack(call: AdapterCall, adapter: AdapterRef, view: VersionRef): void {
  view.set('activeFromBlock', 0)
  retireBefore(call, adapter, 0)
}

function retireBefore(call: AdapterCall, adapter: AdapterRef, retiredBlock: number): void {
  const before = adapter.get('currentVersion')
  if (before !== 0) versionAt(call, adapter, before).set('retiredBlock', retiredBlock)
}
