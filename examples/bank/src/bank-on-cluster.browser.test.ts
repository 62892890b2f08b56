import { describe } from 'vitest'
import { redisScenarios } from './redis-scenarios.test-support.ts'

describe('the bank on a Redis Cluster', () => redisScenarios('Cluster', ['ioredis', 'node-redis']))
