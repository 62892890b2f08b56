import { describe } from 'vitest'
import { redisScenarios } from './redis-scenarios.test-support.ts'

describe('the bank on one Redis server', () => redisScenarios('one server', ['ioredis', 'node-redis']))
