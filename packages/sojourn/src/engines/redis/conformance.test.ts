import { runsTheSuiteOn } from './conformance.test-support.ts'

runsTheSuiteOn('one server')
