import { brokenCreate } from './broken/broken-create.test-support.ts'
import { brokenDue } from './broken/broken-due.test-support.ts'
import { brokenEnd, brokenList } from './broken/broken-end.test-support.ts'
import { brokenCutOff, brokenEndUser } from './broken/broken-end-user.test-support.ts'
import type { BrokenEngine } from './broken/broken-engine.test-support.ts'
import { brokenHandles, brokenSurvival } from './broken/broken-handle.test-support.ts'
import { brokenLateCutOff, brokenLeaving } from './broken/broken-late.test-support.ts'
import { brokenLease } from './broken/broken-lease.test-support.ts'
import { brokenLimit } from './broken/broken-limit.test-support.ts'
import { brokenIdentity, brokenRead, brokenRecord } from './broken/broken-record.test-support.ts'
import { brokenReplace } from './broken/broken-replace.test-support.ts'
import { brokenScan } from './broken/broken-scan.test-support.ts'
import { brokenSettle } from './broken/broken-settle.test-support.ts'
import { brokenTouch } from './broken/broken-touch.test-support.ts'

/** Engines that each break one promise of the port: what the suite is tested with. */
export const brokenEngines: readonly BrokenEngine[] = [
  ...brokenRead,
  ...brokenRecord,
  ...brokenIdentity,
  ...brokenCreate,
  ...brokenLimit,
  ...brokenReplace,
  ...brokenTouch,
  ...brokenEnd,
  ...brokenList,
  ...brokenEndUser,
  ...brokenCutOff,
  ...brokenDue,
  ...brokenLease,
  ...brokenSettle,
  ...brokenLeaving,
  ...brokenLateCutOff,
  ...brokenScan,
  ...brokenHandles,
  ...brokenSurvival,
]
