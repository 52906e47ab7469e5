/*
 * Attacks a live broker with what no client should send: `npm run fuzz -- --minutes 10 --seed 1`.
 *
 * `--store disk` or `--store memory` leaves the other out; else each has half of the time. The
 * broker must live, answer or close every connection in time, serve a well-behaved client all the
 * while, log no error, and take no more memory in the end than after warming up. What attacks do
 * rightly is undone (housekeeping.ts). Exit code 1 when one of that fails; the bytes of failed
 * attacks are kept then.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { Campaign } from './campaign.ts';
import { FuzzedBroker } from './fuzzed-broker.ts';

const allowedGrowthBytes = 64 * 1024 * 1024;
const boundMs = 10_000;
const attackers = 24;
const restMs = 5_000;

type Store = 'disk' | 'memory';

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      minutes: { type: 'string', default: '10' },
      seed: { type: 'string', default: '1' },
      store: { type: 'string' },
    },
  });
  const stores: Store[] = values.store === undefined ? ['disk', 'memory'] : [values.store as Store];
  const eachMs = (Number(values.minutes) * 60_000) / stores.length;
  const seed = Number(values.seed);
  const mistakes: string[] = [];
  for (const store of stores) {
    const found = await attack(store, seed, eachMs);
    mistakes.push(...found.map((mistake) => `${store}: ${mistake}`));
  }
  for (const mistake of mistakes) console.log(`FAILED ${mistake}`);
  console.log(mistakes.length === 0 ? 'passed' : `failed: ${mistakes.length}`);
  process.exitCode = mistakes.length === 0 ? 0 : 1;
}

/** @returns what was wrong */
async function attack(store: Store, seed: number, durationMs: number): Promise<string[]> {
  const folder = mkdtempSync(join(tmpdir(), 'fuzz-'));
  const where = store === 'memory' ? ['--memory'] : ['--data', join(folder, 'data')];
  const broker = await FuzzedBroker.start(where);
  try {
    const campaign = await Campaign.begin({
      bootstrapServers: broker.address,
      seed,
      boundMs,
      attackers,
      goOn: () => broker.ended === undefined,
    });
    const beganMs = performance.now();
    await campaign.run(beganMs + durationMs / 3);
    const warmBytes = await atRest(broker);
    await campaign.run(beganMs + durationMs);
    const restedBytes = await atRest(broker);
    await campaign.end();
    const ended = broker.ended ?? (await broker.stop());
    const mistakes = judge(campaign, broker, ended, restedBytes - warmBytes);
    report(store, seed, campaign, warmBytes, restedBytes);
    keepFailures(campaign, seed);
    return mistakes;
  } finally {
    await broker.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** @returns its memory when it has had nothing to do for a while */
async function atRest(broker: FuzzedBroker): Promise<number> {
  await pause(restMs);
  broker.collectGarbage();
  await pause(restMs);
  return broker.residentBytes;
}

function judge(campaign: Campaign, broker: FuzzedBroker, ended: string, grownBytes: number) {
  const mistakes: string[] = [];
  if (ended !== 'code 0') mistakes.push(`the broker ended with ${ended}`);
  for (const { attack: number, kind, why } of campaign.failures.slice(0, 20)) {
    mistakes.push(`attack ${number} (${kind}): ${why}`);
  }
  if (campaign.probeFailure !== undefined) mistakes.push(`probe: ${campaign.probeFailure}`);
  for (const [error, times] of broker.errors) mistakes.push(`logged ${times} times: ${error}`);
  if (!(grownBytes <= allowedGrowthBytes)) mistakes.push(`memory grew by ${megabytes(grownBytes)}`);
  return mistakes;
}

const megabytes = (bytes: number): string => `${(bytes / 1024 / 1024).toFixed(0)} MiB`;

function report(store: Store, seed: number, campaign: Campaign, warm: number, rested: number) {
  console.log(`${store}: seed ${seed}, ${campaign.count} connections`);
  console.log(`  ${counts(Object.entries(campaign.outcomes))}`);
  for (const [kind, outcomes] of campaign.kinds) {
    console.log(`    ${kind.padEnd(16)} ${counts([...outcomes])}`);
  }
  console.log(
    `  probe: ${campaign.probeRounds} rounds, slowest ${campaign.slowestProbeMs.toFixed(0)} ms`,
  );
  console.log(`  memory: ${megabytes(warm)} warmed up, ${megabytes(rested)} in the end`);
}

function counts(pairs: readonly (readonly [string, number])[]): string {
  return pairs.map(([name, count]) => `${name} ${count}`).join(', ');
}

function keepFailures(campaign: Campaign, seed: number): void {
  if (campaign.failures.length === 0) return;
  const file = join(tmpdir(), `fuzz-failures-${seed}-${process.pid}.json`);
  const lines = campaign.failures.map(({ writes, ...rest }) =>
    JSON.stringify({ ...rest, writes: writes.map((bytes) => bytes.toString('hex')) }),
  );
  writeFileSync(file, lines.join('\n'));
  console.log(`  failed attacks are kept in ${file}`);
}

void main();
