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
  const dataDir = options.memory ? undefined : (options.data ?? folderOf(properties));
  if (dataDir !== undefined && options.data !== undefined) properties.set('log.dirs', dataDir);
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

/** The first of the log directories. */
function folderOf(properties: ReadonlyMap<string, string>): string {
  const folders = properties.get('log.dirs') ?? properties.get('log.dir') ?? '';
  return folders.split(',')[0]?.trim() || defaultFolder;
}
