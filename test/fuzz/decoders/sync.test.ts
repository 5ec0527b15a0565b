import { fuzzGroup } from '../../support/decoders/fuzzTests.ts'

await fuzzGroup('sync')
