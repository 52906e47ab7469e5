import { UnusableFolder } from './unusable-folder.ts';

/** `<topic>-<partition>.<unique>-future`: a replica on its way from another log directory. */
const futurePattern = /^(.+)\.[0-9a-f]{32}-future$/;

/**
 * @param names   of what lies in the log directory `folder`
 * @throws {UnusableFolder} Kafka was moving a replica into it: which copy counts is not said
 */
export function requireNoMove(names: readonly string[], folder: string): void {
  const moving = names
    .map((name) => futurePattern.exec(name)?.[1])
    .find((name) => name !== undefined);
  if (moving === undefined) return;
  throw new UnusableFolder(
    `the data folder ${folder} holds the unfinished move of ${moving} to it from another log ` +
      'directory; let Kafka finish the move, or remove the folder that ends in -future',
  );
}
