// Prints `N passed, N failed, N skipped` from what jest wrote with --json. Arguments: that file, npm test's exit code.
// A suite that could not run counts as one failure, and so does a run that failed for a reason no test tells.
const { readFileSync } = require('node:fs');

const [file, status] = process.argv.slice(2);
let results;
try {
  results = JSON.parse(readFileSync(file, 'utf8'));
} catch {
  results = {};
}
const passed = results.numPassedTests ?? 0;
let failed = (results.numFailedTests ?? 0) + (results.numRuntimeErrorTestSuites ?? 0);
const skipped = (results.numPendingTests ?? 0) + (results.numTodoTests ?? 0);
if (status !== '0' && failed === 0) failed = 1;
console.log(`${passed} passed, ${failed} failed, ${skipped} skipped`);
