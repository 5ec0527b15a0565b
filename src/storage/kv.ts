/** The key-value port that everything durable stands on. Keys sort as bytes. Reads are synchronous. */
export interface KvReader {
  get(key: Uint8Array): Uint8Array | undefined
}

export type KvOp =
  | { readonly type: 'put'; readonly key: Uint8Array; readonly value: Uint8Array }
  | { readonly type: 'del'; readonly key: Uint8Array }

export interface KvRange {
  readonly gte: Uint8Array
  readonly lt: Uint8Array
  readonly reverse?: boolean
  readonly limit?: number
}

/** A frozen view; reads in it never see a later write. Close it when done. */
export interface KvSnapshot extends KvReader {
  close(): Promise<void>
}

export interface KvStore extends KvReader {
  /** All or nothing. With `sync` the write is on disk when the promise resolves. */
  write(ops: readonly KvOp[], options: { readonly sync: boolean }): Promise<void>
  iterate(range: KvRange): AsyncIterable<readonly [key: Uint8Array, value: Uint8Array]>
  snapshot(): KvSnapshot
  close(): Promise<void>
}
