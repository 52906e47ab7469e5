/*
 * From the start of a process to its first acknowledged produce (acks=all, to a topic that the
 * broker has to create), and memory when idle; Odradek and the real Apache Kafka, each time on a
 * fresh folder, formatted before where that is a step of its own. `npm run bench:startup`.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { apacheKafka } from '../scripts/apache-kafka/apache-kafka.ts';
import { BrokerProcess, freePorts } from '../scripts/apache-kafka/broker-process.ts';
import { APACHE_KAFKA_VERSION, whyNoJars } from '../scripts/apache-kafka/jars.ts';
import { parsed, wholeNumber } from '../bin/usage.ts';
import { firstProduce } from './harness/first-produce.ts';
import { asked } from './harness/options.ts';
import { residentBytes } from './harness/process-usage.ts';
import { median } from './harness/statistics.ts';

const usage = `npm run bench:startup -- [options]

From the start of a process to its first acknowledged produce, and memory when idle.

  --runs N   how often Odradek starts (15); Apache Kafka a fifth of that
  --odradek  leave Apache Kafka out`;

const repository = process.cwd();
const idleMs = 5_000;
const timeoutMs = 60_000;

interface Startable {
  readonly name: string;
  readonly runs: number;
  /** How many of the runs wait for idleness. */
  readonly idleRuns: number;
  /** A broker that has not been started yet, on an empty folder. */
  readonly make: (folder: string, port: number) => Promise<BrokerProcess>;
}

interface Measured {
  readonly name: string;
  readonly startMs: readonly number[];
  readonly idleMegabytes: readonly number[];
}

function odradek(name: string, options: readonly string[], runs: number): Startable {
  return {
    name,
    runs,
    idleRuns: 3,
    make: async (folder, port) =>
      new BrokerProcess({
        name,
        command: process.execPath,
        args: ['dist/bin/odradek.js', '--port', String(port), ...options.map(inFolder(folder))],
        ports: [], // nobody but the client that is timed looks whether it answers
        outputFile: join(folder, 'output.log'),
      }),
  };
}

const inFolder = (folder: string) => (option: string) => option.replace('FOLDER', folder);

function apache(runs: number): Startable {
  return {
    name: `Apache Kafka ${APACHE_KAFKA_VERSION}`,
    runs,
    idleRuns: runs,
    make: async (folder, port) => {
      const kafka = await apacheKafka({ repository, folder, ports: [port] });
      const [node] = kafka.nodes;
      if (node === undefined) throw new Error('no node');
      return node.process;
    },
  };
}

async function measure({ name, runs, idleRuns, make }: Startable): Promise<Measured> {
  const startMs: number[] = [];
  const idleMegabytes: number[] = [];
  // One more, which warms the page cache and our own client.
  for (let run = -1; run < runs; run++) {
    const folder = mkdtempSync(join(tmpdir(), 'bench-startup-'));
    const [port = 0] = await freePorts(1);
    const broker = await make(folder, port);
    try {
      const beganMs = performance.now();
      const started = broker.start();
      const isLate = started.then(() => pause(timeoutMs, undefined, { ref: false }));
      await Promise.race([firstProduce(`127.0.0.1:${port}`), isLate]);
      const tookMs = performance.now() - beganMs;
      await started;
      if (run < 0) continue;
      startMs.push(tookMs);
      if (run >= idleRuns) continue;
      await pause(idleMs);
      idleMegabytes.push(residentBytes(broker.pid ?? 0) / 1e6);
    } finally {
      await broker.stop('SIGKILL');
      rmSync(folder, { recursive: true, force: true });
    }
  }
  return { name, startMs, idleMegabytes };
}

function row({ name, startMs, idleMegabytes }: Measured): string {
  const cells = [
    name.padEnd(22),
    median(startMs).toFixed(0).padStart(9),
    `${Math.min(...startMs).toFixed(0)} to ${Math.max(...startMs).toFixed(0)}`.padStart(14),
    `${startMs.length}`.padStart(4),
    median(idleMegabytes).toFixed(0).padStart(12),
  ];
  return `| ${cells.join(' | ')} |`;
}

async function main(): Promise<void> {
  const { runs, isAlone } = asked(usage, (args) => {
    const options = {
      odradek: { type: 'boolean' },
      runs: { type: 'string', default: '15' },
    } as const;
    const { values } = parsed({ args, options });
    return { runs: wholeNumber('--runs', values.runs, 1, 1000), isAlone: values.odradek === true };
  });
  const brokers = [
    odradek('Odradek', ['--data', 'FOLDER/data'], runs),
    odradek('Odradek, in memory', ['--memory'], runs),
  ];
  if (!isAlone) {
    const reason = await whyNoJars(repository);
    if (reason === null) brokers.push(apache(Math.ceil(runs / 5)));
    else console.log(`Apache Kafka is left out: ${reason}`);
  }
  console.log('| broker                 | median ms |       range ms | runs | idle RSS, MB |');
  console.log('| ---------------------- | --------: | -------------: | ---: | -----------: |');
  for (const broker of brokers) console.log(row(await measure(broker)));
}

void main();
