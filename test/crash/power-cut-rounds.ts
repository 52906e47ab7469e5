import { setTimeout as pause } from 'node:timers/promises';
import { startBroker, type RunningBroker } from '../../src/broker/start-broker.ts';
import { MemoryDisk } from '../support/memory-disk.ts';
import { SeededRandom } from '../support/seeded-random.ts';
import { roundsOf, type Length } from './length.ts';
import { Tally } from './tally.ts';
import { Workload } from './workload.ts';

/** With these an acknowledgement means fsynced, also of offsets. */
const properties = {
  'log.flush.interval.messages': '1',
  'log.flush.offset.checkpoint.interval.ms': '500',
};
const roundsPerFolder = 10;
const boundMs = 20_000;

export interface PowerCutRounds {
  readonly length: Length;
  readonly seed: number;
  readonly say: (line: string) => void;
}

/**
 * A whole broker in this process on a disk that forgets what was not made durable, or keeps any part
 * of it, at a random moment. With flush.messages=1 nothing acknowledged may be missing then.
 *
 * @returns what was wrong
 */
export async function powerCutRounds({ length, seed, say }: PowerCutRounds): Promise<string[]> {
  const random = new SeededRandom(seed);
  const mistakes: string[] = [];
  let disk = new MemoryDisk();
  let workload = new Workload(random, true);
  const tally = new Tally();
  let rounds = 0;
  for (const round of roundsOf(length)) {
    rounds++;
    if (round % roundsPerFolder === 0) {
      if (round > 0) say(workload.commits);
      disk = new MemoryDisk(() => Date.now(), new SeededRandom(seed * 1000 + round));
      workload = new Workload(random, true);
      tally.add(workload.ledgers);
    }
    disk = await life(disk, workload, random);
    const broker = await start(disk);
    const found = await workload.mistakes(broker.bootstrapServers);
    mistakes.push(...found.map((mistake) => `round ${round}: ${mistake}`));
    // Every second time the next life begins with what this one has recovered and not closed.
    if (random.below(2) === 0) await broker.close();
    else disk = cut(disk, broker, random);
    if (mistakes.length > 0) break;
  }
  say(workload.commits);
  say(`${rounds} power cuts, ${tally.acknowledged} records acknowledged`);
  mistakes.push(...tally.mistakes());
  return mistakes;
}

const start = (disk: MemoryDisk): Promise<RunningBroker> =>
  startBroker({ disk, dataDir: '/var/lib/odradek', properties });

async function life(
  disk: MemoryDisk,
  workload: Workload,
  random: SeededRandom,
): Promise<MemoryDisk> {
  const broker = await start(disk);
  const address = broker.bootstrapServers;
  await workload.begin(address);
  let isOver = false;
  const work = workload.run(address, () => isOver || disk.isOff);
  await pause(20 + random.below(300));
  if (random.below(2) === 0) {
    disk.turnOffAfter(random.below(200));
    await Promise.race([disk.whenOff, pause(1000, undefined, { ref: false })]);
  }
  const left = cut(disk, broker, random);
  isOver = true;
  await Promise.race([work, pause(boundMs, undefined, { ref: false })]);
  return left;
}

/** The end. What lives on in this process is a ghost without a disk, and is sent away. */
function cut(disk: MemoryDisk, broker: RunningBroker, random: SeededRandom): MemoryDisk {
  disk.turnOff();
  broker.close().catch(() => undefined);
  const luck = random.pick(['nothing', 'nothing', 'everything', 'a prefix', 'some'] as const);
  return disk.afterPowerCut(luck);
}
