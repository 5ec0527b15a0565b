import { describe } from 'vitest'
import { itExecutes } from '../../support/executionSuite.ts'
import { temporaryFolder } from '../../support/temporaryFolder.ts'

const folder = temporaryFolder()

describe('execution in the thread of its caller', () => itExecutes('in this thread', folder))
