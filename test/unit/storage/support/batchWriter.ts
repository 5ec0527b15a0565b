import { invariant } from '../../../../src/errors/errors.ts'
import { LevelStore } from '../../../../src/storage/levelStore.ts'

// Arguments: folder, number of keys. Writes batch after batch until it is killed. Batch n puts n under each of the
// keys, and its number is printed once it is synced.
const [folder, keys] = process.argv.slice(2)
invariant(folder !== undefined && keys !== undefined, 'Usage: batchWriter.ts FOLDER KEYS')
const store = await LevelStore.open(folder)
for (let number = 1; ; number++) {
  const value = new Uint8Array(300)
  new DataView(value.buffer).setUint32(0, number)
  const ops = Array.from({ length: Number(keys) }, (_, i) => ({
    type: 'put' as const,
    key: Uint8Array.of(i >> 8, i & 0xff),
    value,
  }))
  await store.write(ops, { sync: true })
  process.stdout.write(`${number}\n`)
}
