import type { BrokerConfig } from './broker-config.ts';
import { controllerListeners } from './listeners.ts';

/** What somebody who wrote this configuration should be told once, at the start. */
export function notices(config: BrokerConfig): string[] {
  const told: string[] = [];
  if (config.unknownNames.length > 0) {
    const names = [...config.unknownNames].sort().join(', ');
    told.push(`unknown configuration, ignored: ${names}`);
  }
  const forControllers = controllerListeners(config);
  const ignored = config
    .get('listeners')
    .filter((text) => forControllers.includes(text.split('://')[0]?.toUpperCase() ?? ''));
  if (ignored.length > 0) {
    told.push(`controller listeners are not opened, no controller connects: ${ignored.join(', ')}`);
  }
  const folders = config.get('log.dirs') ?? config.get('log.dir');
  if (folders.length > 1)
    told.push(`of several log.dirs only the first is used: ${folders[0] ?? ''}`);
  for (const key of ['authorizer.class.name', 'remote.log.storage.manager.class.name'] as const) {
    if (config.get(key)) told.push(`${key} is not served yet: it has no effect`);
  }
  return told;
}
