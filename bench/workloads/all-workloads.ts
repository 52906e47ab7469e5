import type { Workload } from '../harness/workload.ts';
import { consume } from './consume.ts';
import { durability } from './durability.ts';
import { fanOut } from './fan-out.ts';
import { group } from './group.ts';
import { latency } from './latency.ts';
import { manyTopics } from './many-topics.ts';
import { memory } from './memory.ts';
import { mixed } from './mixed.ts';
import { produceBig } from './produce-big.ts';
import { produceSizes } from './produce-sizes.ts';
import { produceSmall } from './produce-small.ts';
import { singleRecords } from './single-records.ts';
import { startUp } from './start-up.ts';
import { topicCreation } from './topic-creation.ts';

export const allWorkloads: readonly Workload[] = [
  produceBig,
  produceSmall,
  produceSizes,
  singleRecords,
  manyTopics,
  consume,
  fanOut,
  latency,
  durability,
  group,
  topicCreation,
  startUp,
  memory,
  mixed,
];

/** By name or number. */
export function workloadOf(text: string): Workload | undefined {
  return allWorkloads.find(({ name, number }) => name === text || String(number) === text);
}
