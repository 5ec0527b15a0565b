import { referenceRegistries } from '../registries.ts'
import type { Subject } from '../subject.ts'
import { AdapterPlayer } from './player.ts'
import { type AdapterStart, adapterStart } from './start.ts'

export const adapterSubject: Subject<AdapterStart> = {
  registry: referenceRegistries.adapter,
  length: 10,
  start: adapterStart,
  player: (dice, start, native) => new AdapterPlayer(dice, start, native),
}
