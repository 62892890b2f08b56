import { runsTheSuiteOn } from './conformance.test-support.ts'

runsTheSuiteOn('one server', 'functions', ['ioredis', 'node-redis'])
runsTheSuiteOn('Cluster', 'functions', ['ioredis'])
