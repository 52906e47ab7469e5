import type { BrokerOptions } from '../src/broker/broker-options.ts';
import { propertiesOfEnvironment } from '../src/broker/config/environment.ts';
import { parsePropertiesText } from '../src/broker/config/properties-text.ts';
import type { StartOptions } from './command-line.ts';

const defaultPort = 9092;
const defaultFolder = './data';

/**
 * What to start: properties of the file, overlaid by those of the environment, overlaid by
 * `--override`, overlaid by the options that have a name of their own.
 *
 * @param fileText  of the `--config` file, when one is given
 */
export function brokerOptions(
  options: StartOptions,
  environment: Readonly<Record<string, string | undefined>>,
  fileText: string | undefined,
): BrokerOptions {
  const properties = new Map([
    ...(fileText === undefined ? [] : parsePropertiesText(fileText)),
    ...propertiesOfEnvironment(environment),
    ...options.overrides,
  ]);
  const dataDir = options.memory ? undefined : (options.data ?? foldersOf(properties));
  if (!options.memory && options.data !== undefined) properties.set('log.dirs', options.data);
  const port = options.port ?? (properties.has('listeners') ? undefined : defaultPort);
  return {
    ...(port !== undefined && { port }),
    ...(options.host !== undefined && { host: options.host }),
    ...(environment['CLUSTER_ID'] && { clusterId: environment['CLUSTER_ID'] }),
    dataDir,
    brokers: options.brokers,
    properties: Object.fromEntries(properties),
  };
}

/** The log directories: one as a name, several as a list. */
function foldersOf(properties: ReadonlyMap<string, string>): string | string[] {
  const text = properties.get('log.dirs') ?? properties.get('log.dir') ?? '';
  const folders = text
    .split(',')
    .map((folder) => folder.trim())
    .filter((folder) => folder !== '');
  return folders.length > 1 ? folders : (folders[0] ?? defaultFolder);
}
