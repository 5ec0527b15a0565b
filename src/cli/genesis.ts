import { readFile } from 'node:fs/promises'
import { Command } from 'commander'
import {
  formatGenesis,
  readGenesisFile,
  withConstructedAlloc,
  writeGenesisFile,
} from '../node/genesisFile.ts'

const FILES = ['genesis/devnet.json', 'genesis/bench.json', 'genesis/testnet.json', 'genesis/mainnet.json']

/** `openledger genesis`: constructs the predeploys of genesis files, or checks that they are as constructed. */
export function genesisCommand(done: (exitCode: number) => void): Command {
  return new Command('genesis')
    .description('Construct the predeployed contracts of genesis files from their creation code')
    .argument('[files...]', 'genesis files', FILES)
    .option('--check', 'change nothing; fail when a file is not what construction gives')
    .addHelpText('after', '\nExample:\n  openledger genesis --check genesis/devnet.json')
    .action(async (files: string[], options: { check?: boolean }) => {
      let differs = false
      for (const file of files) {
        const { json } = await readGenesisFile(file)
        const built = await withConstructedAlloc(json, file)
        if (options.check !== true) {
          await writeGenesisFile(file, built)
          console.log(`${file}: constructed`)
        } else if ((await readFile(file, 'utf8')) !== formatGenesis(built)) {
          differs = true
          console.error(`${file}: differs from what construction gives; run ./scripts/genesis and commit it`)
        } else {
          console.log(`${file}: as constructed`)
        }
      }
      done(differs ? 1 : 0)
    })
}
