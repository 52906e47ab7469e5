import { isCoordinatorTopic, readableRecord } from '../../coordination/readable-record.ts';
import type { Disk } from '../../host/disk.ts';
import type { Checkpoints } from '../../storage/disk/check/check-checkpoints.ts';
import { checkCheckpoints, readCheckpoints } from '../../storage/disk/check/check-checkpoints.ts';
import { checkLog } from '../../storage/disk/check/check-log.ts';
import type { LogExtent, LogToCheck } from '../../storage/disk/check/check-log.ts';
import type { CheckReport } from '../../storage/disk/check/check-report.ts';
import { metadataTopicId } from '../../protocol/uuid.ts';
import { readIdentity } from '../../storage/disk/checkpoint-files.ts';
import { identityFile, offsetIn, partitionOf } from '../../storage/disk/file-names.ts';
import { checkCatalog } from '../catalog/check-catalog.ts';
import { configOf } from '../catalog/image.ts';
import type { MetadataImage } from '../catalog/image.ts';
import { checkTogether } from './check-together.ts';

const catalogFolder = '__cluster_metadata-0';
const cleanStopFile = '.kafka_cleanshutdown';
/** Of `index.interval.bytes`. */
const defaultIndexInterval = 4096;
const leftoverFolder = /\.[0-9a-f]{32}-(delete|stray|future)$/;
const leftoverWords: Readonly<Record<string, string>> = {
  delete: 'it is deleted and waits for its end',
  stray: 'it belongs to no partition and was set aside',
  future: 'it was on its way to another directory',
};

/**
 * Checks the folders of one broker, one for each of its `log.dirs`. The metadata of the first that
 * has it serves all, so that one is checked before the others.
 *
 * @param pause  lets others run, now and then
 * @throws {Error} one is no data folder
 */
export async function checkFolders(
  disk: Disk,
  roots: readonly string[],
  report: CheckReport,
  pause: () => Promise<void>,
): Promise<void> {
  for (const root of roots) requireDataFolder(disk, root);
  checkTogether(disk, roots, report);
  const holder = roots.find((root) => disk.exists(`${root}/${catalogFolder}`));
  const inOrder = holder === undefined ? roots : [holder, ...roots.filter((r) => r !== holder)];
  let image: MetadataImage | undefined;
  for (const root of inOrder) {
    const others = roots.filter((other) => other !== root);
    const found = await checkFolder(disk, { root, others, image }, report, pause);
    image ??= found;
  }
}

/** One of the folders of a broker. */
interface FolderToCheck {
  readonly root: string;
  readonly others: readonly string[];
  /** Of the cluster, when another folder told it. */
  readonly image: MetadataImage | undefined;
}

/**
 * Checks a whole data folder, of ours or of Apache Kafka, and writes nothing. What is found goes to
 * the report.
 *
 * @returns the cluster's metadata, when it is known
 */
async function checkFolder(
  disk: Disk,
  { root, others, image: known }: FolderToCheck,
  report: CheckReport,
  pause: () => Promise<void>,
): Promise<MetadataImage | undefined> {
  const isClean = disk.exists(`${root}/${cleanStopFile}`);
  const names = disk.list(root).filter((name) => !isLeftover(disk, root, name, report));
  const folders = names.filter((name) => isLogFolder(disk, root, name));
  if (!isClean && folders.length > 0) {
    report.note(
      root,
      'the last stop was not clean; the next start reads the ends of the logs again',
    );
  }
  const checkpoints = readCheckpoints(disk, root, report);
  const logs = new Map<string, LogExtent | undefined>();
  const checkOne = async (name: string, image: MetadataImage | undefined): Promise<void> => {
    const topicName = partitionOf(name)?.topicName ?? '';
    const log: LogToCheck = {
      path: `${root}/${name}`,
      isClean,
      recoveryPoint: checkpoints.recoveryPoints.get(name) ?? 0,
      logStart: checkpoints.logStarts.get(name) ?? 0,
      mayBeCompacted: mayBeCompacted(name, topicName, image, checkpoints),
      lacksIndexes: name === catalogFolder,
      indexInterval: indexIntervalOf(topicName, image),
      inspect: isCoordinatorTopic(topicName) ? inspectorOf(topicName) : undefined,
    };
    try {
      logs.set(name, await checkLog(disk, log, report, pause));
    } catch (error) {
      logs.set(name, undefined);
      report.error(log.path, `it cannot be checked: ${(error as Error).message}`);
    }
    await pause();
  };

  const errorsBefore = report.errors;
  if (folders.includes(catalogFolder)) await checkOne(catalogFolder, undefined);
  const own = checkCatalog(disk, root, report, report.errors === errorsBefore);
  const image = known ?? own;
  if (image === undefined && folders.length > 0) {
    report.note(root, 'without the metadata, folders cannot be compared with the topics');
  }
  for (const name of folders) {
    checkIdentity(disk, name, image, { root, isClean, report });
    if (name !== catalogFolder) await checkOne(name, image);
  }
  // A log that moved to another directory leaves rows behind.
  const isWanted = (folder: string): boolean =>
    topicOf(image, folder) !== undefined &&
    !others.some((other) => disk.exists(`${other}/${folder}`));
  checkCheckpoints(checkpoints, logs, isWanted, { root, isClean, report });
  return image;
}

function requireDataFolder(disk: Disk, root: string): void {
  if (isDataFolder(disk, root)) return;
  throw new Error(`${root} is no data folder: it has neither meta.properties nor a log`);
}

/** Says what something is that no one needs any more. */
function isLeftover(disk: Disk, root: string, name: string, report: CheckReport): boolean {
  const mark = leftoverFolder.exec(name)?.[1];
  const words =
    mark === undefined &&
    /\.(part|tmp)$/.test(name) &&
    disk.stat(`${root}/${name}`)?.isDirectory === false
      ? 'a file that was not finished'
      : leftoverWords[mark ?? ''];
  if (words === undefined) return false;
  report.note(`${root}/${name}`, words);
  return true;
}

/** Does anything in it look like a broker's? Many a folder has a name that ends as a log's does. */
const isDataFolder = (disk: Disk, root: string): boolean =>
  disk.exists(`${root}/meta.properties`) ||
  disk.list(root).some((name) => isLogFolder(disk, root, name) && hasSegment(disk, root, name));

function hasSegment(disk: Disk, root: string, name: string): boolean {
  try {
    return disk.list(`${root}/${name}`).some((file) => offsetIn(file, '.log') !== undefined);
  } catch {
    return false; // it may not be read
  }
}

const isLogFolder = (disk: Disk, root: string, name: string): boolean =>
  partitionOf(name) !== undefined && disk.stat(`${root}/${name}`)?.isDirectory === true;

const inspectorOf = (topic: string) => (key: Buffer | null, value: Buffer | null) => {
  readableRecord(topic, key, value);
};

function topicOf(image: MetadataImage | undefined, folder: string) {
  const partition = partitionOf(folder);
  const topic = partition && image?.topics.get(partition.topicName);
  return topic?.partitions[partition?.partition ?? -1] === undefined ? undefined : topic;
}

/** A log that the cleaner was at, or that it may have been at. */
function mayBeCompacted(
  folder: string,
  topicName: string,
  image: MetadataImage | undefined,
  { cleanerOffsets }: Checkpoints,
): boolean {
  if (folder === catalogFolder) return false;
  if (cleanerOffsets.has(folder) || isCoordinatorTopic(topicName) || image === undefined)
    return true;
  const policy =
    configOf(image, 'TOPIC', topicName).get('cleanup.policy') ??
    configOf(image, 'BROKER', '').get('log.cleanup.policy');
  return policy?.includes('compact') === true;
}

/** How many bytes may lie between two rows of an index, as far as the metadata tells. */
function indexIntervalOf(topicName: string, image: MetadataImage | undefined): number {
  const text =
    image &&
    (configOf(image, 'TOPIC', topicName).get('index.interval.bytes') ??
      configOf(image, 'BROKER', '').get('log.index.interval.bytes'));
  return Number(text ?? defaultIndexInterval);
}

function canLookInto(disk: Disk, folder: string): boolean {
  try {
    // One of the two needs the right to read the folder, the other that to enter it.
    disk.list(folder);
    disk.stat(`${folder}/${identityFile}`);
    return true;
  } catch {
    return false;
  }
}

/** Does the folder belong to the topic that it is named after? */
function checkIdentity(
  disk: Disk,
  name: string,
  image: MetadataImage | undefined,
  { root, isClean, report }: { root: string; isClean: boolean; report: CheckReport },
): void {
  const folder = `${root}/${name}`;
  const { topicName = '', partition = -1 } = partitionOf(name) ?? {};
  const path = `${folder}/${identityFile}`;
  if (!canLookInto(disk, folder)) return; // which the check of its log says
  if (!disk.exists(path)) {
    report.note(path, 'it is not there, so the folder does not say which topic it belongs to');
    return;
  }
  let topicId: string | undefined;
  try {
    topicId = readIdentity(disk, path);
  } catch (error) {
    report.error(path, (error as Error).message);
    return;
  }
  if (topicId === undefined) report.error(path, 'it does not say its topic_id');
  if (name === catalogFolder && topicId !== undefined && topicId !== metadataTopicId) {
    report.error(path, `it gives the metadata log the id ${topicId}`);
  }
  if (topicId === undefined || image === undefined || name === catalogFolder) return;
  const topic = image.topics.get(topicName);
  // A topic that was deleted, or made anew, just before an unclean stop leaves its folders behind.
  const severity = isClean ? 'error' : 'note';
  if (topic === undefined) {
    report.find(severity, folder, `the cluster has no topic ${topicName}`);
  } else if (topic.id !== topicId) {
    const message = `topic ${topicName} has the id ${topic.id}, but the folder belongs to ${topicId}`;
    report.find(severity, path, message);
  } else if (topic.partitions[partition] === undefined) {
    report.find(severity, folder, `topic ${topicName} has no partition ${partition}`);
  }
}
