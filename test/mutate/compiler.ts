import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import ts from 'typescript'
import type { Fault } from './faults/fault.ts'
import { withFault } from './faults/table.ts'

/** Unused names: a rule that was removed leaves some behind. */
const UNUSED = new Set([6133, 6192, 6196, 6198])

/** Says whether a file with a fault still compiles. One that does not would fail every test and prove nothing. */
export class Compiler {
  readonly #root: string
  readonly #service: ts.LanguageService
  readonly #overlay = new Map<string, string>()
  #version = 0

  constructor(root: string, files: readonly string[]) {
    this.#root = root
    const config = ts.readConfigFile(join(root, 'tsconfig.json'), ts.sys.readFile)
    const { options } = ts.parseJsonConfigFileContent(config.config, ts.sys, root)
    const paths = files.map((file) => join(root, file))
    this.#service = ts.createLanguageService({
      getScriptFileNames: () => paths,
      getScriptVersion: (path) => (paths.includes(path) ? String(this.#version) : '0'),
      getScriptSnapshot: (path) => {
        const text = this.#overlay.get(path) ?? ts.sys.readFile(path)
        return text === undefined ? undefined : ts.ScriptSnapshot.fromString(text)
      },
      getCurrentDirectory: () => root,
      getCompilationSettings: () => options,
      getDefaultLibFileName: ts.getDefaultLibFilePath,
      fileExists: ts.sys.fileExists,
      readFile: ts.sys.readFile,
      directoryExists: ts.sys.directoryExists,
      getDirectories: ts.sys.getDirectories,
    })
  }

  accepts(fault: Fault): boolean {
    const path = join(this.#root, fault.file)
    this.#overlay.set(path, withFault(fault, readFileSync(path, 'utf8')))
    this.#version++
    const diagnostics = [
      ...this.#service.getSyntacticDiagnostics(path),
      ...this.#service.getSemanticDiagnostics(path),
    ]
    this.#overlay.delete(path)
    return diagnostics.every(({ code }) => UNUSED.has(code))
  }
}
