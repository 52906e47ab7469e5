import {
  startTool,
  type RunningTool,
  type ToolRunnerAddress,
} from '../../compat/support/tool-runner.ts';

/** What a copier copies. */
export interface Copy {
  readonly bootstrapServers: string;
  readonly input: string;
  readonly output: string;
  readonly partition: number;
  /** Shared by all copiers. */
  readonly group: string;
  readonly transactionSize: number;
  readonly transactionTimeoutMs: number;
}

/** More lives than any run needs: one that never gets on is a failure. */
const mostLives = 100;

/**
 * Kafka's TransactionalMessageCopier for one partition, as Kafka's system tests of transactions run it:
 * with a transactional id of its own, aborting every third transaction. One that ended before all was
 * copied, for an error or because it was killed, is started again.
 */
export class Copier {
  lives = 0;
  /** How those lives ended that were not ended by us. */
  readonly failures: string[] = [];
  private current: RunningTool | undefined;
  /** The life that was ended by us. */
  private bounced: RunningTool | undefined;

  constructor(
    private readonly runner: ToolRunnerAddress,
    private readonly copy: Copy,
  ) {}

  /** Resolves when all is copied. @throws {Error} when it does not get there */
  async run(): Promise<void> {
    while (this.lives < mostLives) {
      this.lives++;
      const life = startTool(this.runner, 'kafka-transactional-message-copier', this.args());
      this.current = life;
      const { exitCode, stdout, stderr } = await life.result;
      if (hasCopiedAll(stdout)) return;
      if (this.bounced !== life) this.failures.push(`exit code ${exitCode}: ${lastLine(stderr)}`);
    }
    throw new Error(`${this.name} has had ${mostLives} lives: ${this.failures.at(-1) ?? ''}`);
  }

  /** Ends this life: as SIGTERM or as SIGKILL does. */
  bounce(isClean: boolean): void {
    this.bounced = this.current;
    if (isClean) this.current?.stop();
    else this.current?.kill();
  }

  /** Ends it for good. */
  giveUp(): void {
    this.lives = mostLives;
    this.bounce(false);
  }

  private get name(): string {
    return `copier-${this.copy.partition}`;
  }

  private args(): string[] {
    const { copy } = this;
    return [
      ...['--broker-list', copy.bootstrapServers, '--consumer-group', copy.group],
      ...['--input-topic', copy.input, '--input-partition', `${copy.partition}`],
      ...['--output-topic', copy.output, '--transactional-id', this.name],
      ...['--transaction-size', `${copy.transactionSize}`],
      ...['--transaction-timeout', `${copy.transactionTimeoutMs}`],
      '--enable-random-aborts',
      '--use-group-metadata',
    ];
  }
}

/** It says so when it ends; one that is stopped earlier says how much is left. */
function hasCopiedAll(stdout: string): boolean {
  const line = stdout.split('\n').findLast((text) => text.includes('"ShutdownComplete"'));
  return line !== undefined && (JSON.parse(line) as { remaining: number }).remaining === 0;
}

const lastLine = (text: string): string => text.trimEnd().split('\n').at(-1) ?? '';
