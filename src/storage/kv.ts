/** The key-value port that everything durable stands on. Keys sort as bytes. Reads are synchronous. */
export interface KvReader {
  /** The value, or undefined when there is none. Neither side keeps or changes the other's bytes. */
  get(key: Uint8Array): Uint8Array | undefined
}

export type KvOp =
  | { readonly type: 'put'; readonly key: Uint8Array; readonly value: Uint8Array }
  | { readonly type: 'del'; readonly key: Uint8Array }

export type KvEntry = readonly [key: Uint8Array, value: Uint8Array]

/** Keys from `gte` up to, not including, `lt`, in byte order, or from the end when `reverse`. */
export interface KvRange {
  readonly gte: Uint8Array
  readonly lt: Uint8Array
  readonly reverse?: boolean
  readonly limit?: number
}

/** A frozen view; reads in it never see a later write. Close it when done. */
export interface KvSnapshot extends KvReader {
  iterate(range: KvRange): AsyncIterable<KvEntry>
  close(): Promise<void>
}

export interface KvStore extends KvReader {
  /**
   * All or nothing; of two ops on one key the later wins. Writes apply in the order of the calls. With `sync` the
   * write, and every write before it, is on disk when the promise resolves. STORAGE_FAILED when the disk refuses.
   */
  write(ops: readonly KvOp[], options: { readonly sync: boolean }): Promise<void>
  /** Sees the store as it was when the iteration began. */
  iterate(range: KvRange): AsyncIterable<KvEntry>
  snapshot(): KvSnapshot
  close(): Promise<void>
}
