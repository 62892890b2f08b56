import { runsTheSuiteOn } from './conformance.test-support.ts'

runsTheSuiteOn('one server', 'functions', ['ioredis'])
runsTheSuiteOn('Cluster', 'functions', ['ioredis'])
