/**
 * Prints `N passed, N failed, N skipped` from what jest wrote with --json. Arguments: that file, `npm test`'s exit code.
 * A suite that could not run counts as one failure, and so does a run that failed for a reason that no test tells.
 */
import { readFileSync } from 'node:fs';

type Totals = Partial<
  Record<
    | 'numPassedTests'
    | 'numFailedTests'
    | 'numRuntimeErrorTestSuites'
    | 'numPendingTests'
    | 'numTodoTests',
    number
  >
>;

function totalsIn(file: string): Totals {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Totals;
  } catch {
    return {}; // the checks before the tests failed, so that there were none
  }
}

const [file = '', status] = process.argv.slice(2);
const totals = totalsIn(file);
const passed = totals.numPassedTests ?? 0;
const failed = (totals.numFailedTests ?? 0) + (totals.numRuntimeErrorTestSuites ?? 0);
const skipped = (totals.numPendingTests ?? 0) + (totals.numTodoTests ?? 0);
const unexplained = status !== '0' && failed === 0 ? 1 : 0;
console.log(`${passed} passed, ${failed + unexplained} failed, ${skipped} skipped`);
