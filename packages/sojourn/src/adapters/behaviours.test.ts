import { behave } from './behaviours.test-support.ts'
import { EXPRESS } from './express-subject.test-support.ts'
import { NODE } from './node-subject.test-support.ts'
import { WEB } from './web-subject.test-support.ts'

for (const subject of [NODE, EXPRESS, WEB]) behave(subject)
