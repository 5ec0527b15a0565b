import type { Block } from '@ethereumjs/block'
import type { StateReader } from '../state/types.ts'
import { notFound } from './errors.ts'
import type { ChainReader, RpcPorts } from './ports.ts'
import type { BlockSelector } from './schemas/block.ts'

/** The block that a request names; undefined when there is none. Every decided block is final at once. */
export async function findBlock(chain: ChainReader, selector: BlockSelector): Promise<Block | undefined> {
  if ('hash' in selector) return await chain.blockByHash(selector.hash)
  if ('number' in selector) return await chain.blockByNumber(selector.number)
  switch (selector.tag) {
    case 'earliest':
      return await chain.blockByNumber(0n)
    case 'latest':
    case 'safe':
    case 'finalized':
    // Nothing but the next proposer knows a pending block; what this node's pool adds is in nonces only.
    case 'pending':
      return chain.head()
  }
}

/** As `findBlock`, for methods that cannot answer without one. */
export async function needBlock(chain: ChainReader, selector: BlockSelector): Promise<Block> {
  const block = await findBlock(chain, selector)
  if (block === undefined) throw notFound('header not found')
  return block
}

/** The block that a request names, and the state after it. */
export async function stateOf(
  ports: Pick<RpcPorts, 'chain' | 'state'>,
  selector: BlockSelector,
): Promise<{ block: Block; state: StateReader }> {
  const block = await needBlock(ports.chain, selector)
  return { block, state: await ports.state.at(block.header.number) }
}
