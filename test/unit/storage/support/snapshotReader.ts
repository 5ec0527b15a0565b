import { once } from 'node:events'
import { parentPort, workerData } from 'node:worker_threads'
import { invariant } from '../../../../src/errors/errors.ts'
import { LevelStore } from '../../../../src/storage/levelStore.ts'

// A worker that tells the value of one key: at first, and, once told to, in its snapshot and in the store.
invariant(parentPort !== null && typeof workerData === 'string', 'Runs as a worker on a folder.')
const key = Uint8Array.of(1)
const store = await LevelStore.open(workerData)
const snapshot = store.snapshot()
parentPort.postMessage(snapshot.get(key)?.[0])
await once(parentPort, 'message')
parentPort.postMessage({ snapshot: snapshot.get(key)?.[0], newest: store.get(key)?.[0] })
await snapshot.close()
await store.close()
