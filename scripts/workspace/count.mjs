/**
 * What Vitest's report says, as numbers. A file that fails before its first test is a failure, and so is a run
 * that crashes or finds no test at all.
 */
export function count(ok, { numPassedTests = 0, numFailedTests = 0, numPendingTests = 0, testResults = [] }) {
  const isBroken = ({ status, assertionResults }) =>
    status === 'failed' && assertionResults.every((result) => result.status !== 'failed')
  const failed = numFailedTests + testResults.filter(isBroken).length
  const hasPassed = ok && numPassedTests > 0
  return {
    passed: numPassedTests,
    failed: failed === 0 && !hasPassed ? 1 : failed,
    skipped: numPendingTests,
  }
}
