import { referenceRegistries } from '../registries.ts'
import type { Subject } from '../subject.ts'
import { DatanetPlayer } from './player.ts'
import { type DatanetStart, datanetStart } from './start.ts'

/** A contribution takes some twenty calls from its commit to its decision, and what undoes that as many again. */
export const datanetSubject: Subject<DatanetStart> = {
  registry: referenceRegistries.datanet,
  length: 160,
  start: datanetStart,
  player: (dice, start, native) => new DatanetPlayer(dice, start, native),
}
