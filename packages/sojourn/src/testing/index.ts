export { conformance } from './conformance.ts'
export type { ConformanceCase, StoreFault, StoreUnderTest } from './conformance-case.ts'
export { type CaseReport, type ConformanceOptions, runCase, runConformance } from './run-conformance.ts'
export { NOW, sample, sampleBytes, sampleId } from './sample.ts'
