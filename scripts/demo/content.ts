import { z } from 'zod'
import type { Content } from './datanet.ts'

const storedSchema = z.object({ cid: z.string() })

/** The host's content store over HTTP: what a contributor without a node uses. */
export function httpContent(endpoint: string): Content {
  return {
    put: async (bytes) => {
      const response = await fetch(new URL('/content', endpoint), {
        method: 'POST',
        headers: { 'content-type': 'application/octet-stream' },
        body: Uint8Array.from(bytes),
      })
      if (!response.ok) throw new Error(`content was refused: ${response.status} ${await response.text()}`)
      return storedSchema.parse(await response.json()).cid
    },
    get: async (cid) => {
      const response = await fetch(new URL(`/content/${cid}`, endpoint))
      if (!response.ok) throw new Error(`content ${cid} is not there: ${response.status}`)
      return new Uint8Array(await response.arrayBuffer())
    },
  }
}
