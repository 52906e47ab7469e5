import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { startTarget, type TargetBroker } from '../support/brokers.ts';
import { comparedWithItself, normalized, sides, type Side } from '../support/comparison.ts';
import { describeComparison, launchTool, runTool } from '../support/suite.ts';
import type { RunningTool, ToolName } from '../support/tool-runner.ts';

/** The commands as a reader of a Kafka tutorial types them, on brokers that nobody else uses. */
const COMMANDS: readonly (readonly [ToolName, string])[] = [
  ['kafka-topics', '--create --topic quickstart-events --partitions 3 --replication-factor 1'],
  ['kafka-topics', '--list'],
  ['kafka-topics', '--describe --topic quickstart-events'],
  ['kafka-consumer-groups', '--list'],
  ['kafka-consumer-groups', '--describe --group my-group'],
  ['kafka-consumer-groups', '--describe --group my-group --members'],
  [
    'kafka-consumer-groups',
    '--group my-group --topic quickstart-events --reset-offsets --to-earliest --execute',
  ],
];

describeComparison('the seven commands of a tutorial', () => {
  const brokers = {} as Record<Side, TargetBroker>;
  beforeAll(async () => {
    for (const side of sides) {
      const target = comparedWithItself ? 'apache' : side;
      brokers[side] = await startTarget(target);
    }
  });
  afterAll(async () => {
    await Promise.all(Object.values(brokers).map(async (broker) => broker.close()));
  });

  test('print the same, to the letter', async () => {
    const [apache, odradek] = [await follow('apache'), await follow('odradek')];
    expect(apache.map(({ exitCode }) => exitCode)).toEqual(COMMANDS.map(() => 0));
    expect(odradek).toEqual(apache);
  });

  async function follow(side: Side) {
    const server = ['--bootstrap-server', brokers[side].bootstrapServers];
    const results: { line: string; exitCode: number; stdout: string; stderr: string }[] = [];
    let reader: RunningTool | null = null;
    for (const [tool, args] of COMMANDS) {
      const resets = args.includes('--reset-offsets');
      if (tool === 'kafka-consumer-groups' && reader === null) reader = await read(server);
      if (resets) {
        reader?.stop();
        await reader?.result;
      }
      const { exitCode, stdout, stderr } = await runTool(tool, [...server, ...args.split(' ')]);
      results.push({
        line: `${tool} ${args}`,
        exitCode,
        stdout: normalized(stdout),
        stderr: normalized(stderr),
      });
    }
    return results;
  }

  /** What the reader has in the other windows: a producer that wrote two lines, a consumer that shows them. */
  async function read(server: readonly string[]): Promise<RunningTool> {
    const topic = ['--topic', 'quickstart-events'];
    const keyed = ['--reader-property', 'parse.key=true'];
    await runTool('kafka-console-producer', [...server, ...topic, ...keyed], 'a\tone\nb\ttwo\n');
    const consumer = launchTool('kafka-console-consumer', [
      ...[...server, ...topic, '--from-beginning', '--group', 'my-group'],
      ...['--command-property', 'auto.commit.interval.ms=100'],
    ]);
    await consumer.untilPrinted(/one/);
    await consumer.untilPrinted(/two/);
    for (let lag = true; lag;) {
      const { stdout } = await runTool('kafka-consumer-groups', [
        ...[...server, '--describe', '--group', 'my-group'],
      ]);
      const lags = stdout.split('\n').filter((line) => line.startsWith('my-group'));
      lag = lags.length !== 3 || lags.some((line) => line.split(/ +/)[5] !== '0');
    }
    return consumer;
  }
});
