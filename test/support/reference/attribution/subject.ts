import { referenceRegistries } from '../registries.ts'
import type { Subject } from '../subject.ts'
import { AttributionPlayer } from './player.ts'
import { type AttributionStart, attributionStart } from './start.ts'

export const attributionSubject: Subject<AttributionStart> = {
  registry: referenceRegistries.attribution,
  length: 12,
  start: attributionStart,
  player: (dice, start, native) => new AttributionPlayer(dice, start, native),
}
