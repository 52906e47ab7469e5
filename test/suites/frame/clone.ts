import { join } from 'node:path';
import { mustRun } from './command.ts';

export interface Repository {
  /** Where everybody can get it. */
  readonly address: string;
  readonly commit: string;
}

/**
 * Clones a public repository at one commit into `folder/name`, where it must not be yet.
 *
 * @param from  a folder that has the repository, instead of its address
 * @returns     the work tree
 */
export async function clone(
  { address, commit }: Repository,
  { folder, name, from }: { folder: string; name: string; from: string | undefined },
): Promise<string> {
  const tree = join(folder, name);
  const git = async (what: string, cwd: string, args: readonly string[]) =>
    mustRun({
      ...{ command: 'git', args, cwd, timeoutMs: 600_000 },
      outputFile: join(folder, `${what}.log`),
    });
  await git('clone', folder, ['clone', '--no-checkout', from ?? address, tree]);
  await git('checkout', tree, ['checkout', '--detach', commit]);
  return tree;
}
