import { compareWithReference } from '../../support/reference/suite.ts'

compareWithReference('adapter')
