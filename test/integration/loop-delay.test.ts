import { expect, it } from '@jest/globals';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { LoopWatch } from '../../bench/harness/loop-delay.ts';

/** Holds up its event loop for 50 ms again and again. */
const busy = `
setInterval(() => {
  const end = performance.now() + 50;
  while (performance.now() < end);
}, 5);
console.log('begun');
`;

it('the bench sees how long the event loop of a process was held up', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'odradek-loop-'));
  const watch = new LoopWatch(join(folder, 'answer.json'));
  const child = spawn(process.execPath, [...watch.nodeOptions, '-e', busy], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  try {
    await once(child.stdout, 'data');
    let delay = await watch.take(child.pid!);
    while (delay.loopP99Ms < 40) {
      await pause(200); // a few turns of its loop
      delay = await watch.take(child.pid!);
    }
    expect(delay.loopMaxMs).toBeGreaterThanOrEqual(delay.loopP99Ms);
  } finally {
    child.kill('SIGKILL');
    await rm(folder, { recursive: true });
  }
});
