import type { BrokerConfig } from './broker-config.ts';
import { controllerListeners } from './listeners.ts';

/** Configuration of what this broker does not do yet, or leaves to the machine it runs on. */
const withoutEffect = new RegExp(
  `^(${[
    'authorizer\\.class\\.name|super\\.users|allow\\.everyone\\.if',
    'sasl\\.|ssl\\.|security\\.|delegation\\.token\\.|principal\\.',
    'transaction\\.two\\.phase|transaction\\.state\\.log\\.load|share\\.|group\\.(consumer|share|streams|coordinator)\\.',
    'quota\\.|client\\.quota\\.|controller\\.quota\\.|(leader|follower)\\.replication\\.throttled',
    'log\\.flush\\.start\\.offset|log\\.cleaner\\.threads|num\\.recovery\\.threads|cordoned\\.log\\.dirs|remote\\.|log\\.preallocate|(create|alter)\\..*policy\\.class',
    'metadata\\.log\\.(?!dir|max\\.record\\.bytes)|metadata\\.max\\.(retention|snapshot)',
    'socket\\.(send|receive)\\.buffer|socket\\.listen\\.backlog|max\\.connection\\.creation\\.rate',
    'num\\.(network|io|replica)|offsets\\.commit\\.timeout|offsets\\.topic\\.compression',
    'replica\\.|metric|auto\\.include\\.jmx|kafka\\.metrics',
  ].join('|')})`,
);

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
  const idle = [...config.staticTexts.keys()].filter((name) => withoutEffect.test(name)).sort();
  if (idle.length > 0) told.push(`not served yet, without effect: ${idle.join(', ')}`);
  return told;
}
