import { runTool } from './suite.ts';
import type { ToolName } from './tool-runner.ts';

/** A tool and its arguments, without the server's address. */
export type Question = readonly [tool: ToolName, line: string];

/** Runs one of Apache's tools; its lines, in an order of their own. */
export async function ask(bootstrapServers: string, [tool, line]: Question): Promise<string[]> {
  const args = line.split(' ').filter((word) => word !== '');
  const { exitCode, stdout, stderr } = await runTool(tool, [
    ...['--bootstrap-server', bootstrapServers],
    ...args,
  ]);
  if (exitCode !== 0) throw new Error(`${tool} ${line}: ${stdout}\n${stderr}`);
  return stdout.trim().split('\n').sort();
}

/** What tools tell of a cluster, less how far its metadata log has come. */
export async function toolsTell(
  bootstrapServers: string,
  questions: readonly Question[],
): Promise<string[]> {
  const told = await Promise.all(questions.map((question) => ask(bootstrapServers, question)));
  return told.flat().map((line) => line.replace(/\s+Epoch: \d+/, ''));
}
