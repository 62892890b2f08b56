import { bytesCases } from './cases/bytes.ts'
import { closingCases } from './cases/closing.ts'
import { createCases } from './cases/create.ts'
import { cutOffCases } from './cases/cut-off.ts'
import { dueCases } from './cases/due.ts'
import { endCases } from './cases/end.ts'
import { endUserCases } from './cases/end-user.ts'
import { identityCases } from './cases/identity.ts'
import { leaseCases } from './cases/lease.ts'
import { leavingCases } from './cases/leaving.ts'
import { listCases } from './cases/list.ts'
import { raceCases } from './cases/races.ts'
import { readCases } from './cases/read.ts'
import { recordCases } from './cases/record.ts'
import { replaceCases } from './cases/replace.ts'
import { scanCases } from './cases/scan.ts'
import { settleCases } from './cases/settle.ts'
import { sharingCases } from './cases/sharing.ts'
import { survivingCases } from './cases/surviving.ts'
import { touchCases } from './cases/touch.ts'
import { userLimitCases } from './cases/user-limit.ts'
import type { ConformanceCase } from './conformance-case.ts'

/**
 * The specification of an engine: every promise of `core/port.ts`, as cases for any test runner. Each case
 * wants an empty store of its own; `runCase` and `runConformance` see to that.
 */
export const conformance: readonly ConformanceCase[] = [
  ...readCases,
  ...recordCases,
  ...bytesCases,
  ...identityCases,
  ...createCases,
  ...userLimitCases,
  ...replaceCases,
  ...touchCases,
  ...endCases,
  ...listCases,
  ...endUserCases,
  ...cutOffCases,
  ...dueCases,
  ...leaseCases,
  ...settleCases,
  ...leavingCases,
  ...scanCases,
  ...raceCases,
  ...sharingCases,
  ...survivingCases,
  ...closingCases,
]
