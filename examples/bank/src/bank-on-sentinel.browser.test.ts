import { describe } from 'vitest'
import { redisScenarios } from './redis-scenarios.test-support.ts'

describe('the bank on Redis with Sentinel', () => redisScenarios('Sentinel', ['node-redis', 'ioredis']))
