import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { describe, expect, it } from 'vitest'

const root = join(import.meta.dirname, '..', '..')

/** Folders of `src` from the bottom up. A file may import its own folder and lower layers; siblings share a layer. */
const layers: readonly (readonly string[])[] = [
  ['errors'],
  ['primitives'],
  ['runtime', 'config'],
  ['chainspec'],
  ['ledger'],
  ['storage'],
  ['state'],
  ['execution'],
  ['mempool'],
  ['consensus', 'sync', 'network', 'content', 'ai', 'rpc'],
  ['sdk'],
  ['node'],
  ['cli'],
  ['main.ts'],
]
const layerOf = new Map(layers.flatMap((folders, layer) => folders.map((folder) => [folder, layer] as const)))

/** What native precompiles may see of the node: bytes, hashes and errors, through their host interface. */
const precompileImports = ['precompiles', 'src/primitives', 'src/errors', 'contracts/generated']

interface SourceFile {
  readonly path: string
  readonly text: string
  readonly imports: readonly string[]
}

function sourceFiles(folder: string): SourceFile[] {
  return readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
    .map((entry) => {
      const full = join(entry.parentPath, entry.name)
      const text = readFileSync(full, 'utf8')
      const specifiers = [...text.matchAll(/(?:from|import)\s*\(?\s*'(\.[^']+)'/g)].map(
        (match) => match[1] ?? '',
      )
      const imports = specifiers.map((specifier) => relative(root, resolve(dirname(full), specifier)))
      return { path: relative(root, full), text, imports }
    })
}

/** What a stranger could use: the package's public face and other packages. */
const publicImport = /^(?:openledger\/sdk|viem|viem\/accounts|zod|node:[a-z_/]+)$/

const folderOf = (path: string) => path.split('/')[1] ?? ''
const source = sourceFiles('src')
const precompiles = sourceFiles('precompiles')

/** Code without comments and strings, so that words in them do not count. */
function codeOf(text: string): string {
  return text
    .replace(/\/\*[\s\S]*?\*\//g, '')
    .replace(/\/\/.*$/gm, '')
    .replace(/'(?:[^'\\\n]|\\.)*'/g, "''")
}

describe('architecture', () => {
  it('knows every folder of src', () => {
    const unknown = source.map((file) => folderOf(file.path)).filter((folder) => !layerOf.has(folder))
    expect(unknown).toEqual([])
  })

  it('lets imports point downwards only', () => {
    const wrong = source.flatMap((file) => {
      const own = folderOf(file.path)
      return file.imports
        .filter((path) => path.startsWith('src/') && folderOf(path) !== own)
        .filter((path) => (layerOf.get(folderOf(path)) ?? 99) >= (layerOf.get(own) ?? -1))
        .map((path) => `${file.path} → ${path}`)
    })
    expect(wrong).toEqual([])
  })

  it('shows native precompiles nothing of the node but their host', () => {
    const wrong = precompiles.flatMap((file) =>
      file.imports
        .filter((path) => !precompileImports.some((allowed) => path.startsWith(`${allowed}/`)))
        .map((path) => `${file.path} → ${path}`),
    )
    expect(wrong).toEqual([])
  })

  it('lets the demonstration use public interfaces only', () => {
    const wrong = sourceFiles('scripts/demo').flatMap((file) => {
      const outside = file.imports.filter((path) => !path.startsWith('scripts/demo/'))
      const packages = [...file.text.matchAll(/from '([^.'][^']*)'/g)].map((match) => match[1] ?? '')
      return [...outside, ...packages.filter((name) => !publicImport.test(name))].map(
        (name) => `${file.path} → ${name}`,
      )
    })
    expect(wrong).toEqual([])
  })

  it('knows the insides of some packages in one file each', () => {
    const only: Readonly<Record<string, string>> = {
      '@ethereumjs/evm': 'src/execution/evm/nativeEvm.ts',
      'mcl-wasm': 'src/execution/crypto/mcl.ts',
    }
    for (const [name, owner] of Object.entries(only)) {
      const named = new RegExp(`['"]${name}(?:/[^'"]*)?['"]`)
      const users = [...source, ...precompiles].filter((file) => named.test(file.text))
      expect(users.map((file) => file.path)).toEqual([owner])
    }
  })

  it('keeps time, timers and randomness in src/runtime', () => {
    const forbidden =
      /\b(?:Date\.now|new Date\b|setTimeout|setInterval|Math\.random|performance\.now|randomBytes)\b/
    const wrong = [...source, ...precompiles]
      .filter((file) => !file.path.startsWith('src/runtime/'))
      .filter((file) => forbidden.test(codeOf(file.text)))
      .map((file) => file.path)
    expect(wrong).toEqual([])
  })

  it('keeps floats and locales out of what validators agree on', () => {
    const forbidden =
      /\b(?:parseFloat|toFixed|localeCompare|toLocaleString|Intl)\b|Math\.(?:sqrt|exp|log|pow|sin|cos)\b/
    const agreed = ['src/ledger/', 'src/state/', 'src/execution/', 'src/consensus/core/']
    const wrong = [...source, ...precompiles]
      .filter(
        (file) =>
          file.path.startsWith('precompiles/') || agreed.some((folder) => file.path.startsWith(folder)),
      )
      .filter((file) => forbidden.test(codeOf(file.text)))
      .map((file) => file.path)
    expect(wrong).toEqual([])
  })

  it('creates concrete stores, networks and servers in the composition root only', () => {
    const concrete = /new (?:LevelStore|Libp2pNetwork|RpcServer|ConsensusEngine|Mempool)\b/
    const wrong = source
      .filter((file) => concrete.test(codeOf(file.text)) && !file.path.startsWith('src/node/'))
      .filter(
        (file) => !/class (?:LevelStore|Libp2pNetwork|RpcServer|ConsensusEngine|Mempool)\b/.test(file.text),
      )
      .map((file) => file.path)
    expect(wrong).toEqual([])
  })
})
