import { ConfigError } from './config-error.ts';
import type { BrokerConfig, NumericBrokerKey } from './broker-config.ts';

/** Pairs of which the first may not be larger than the second. */
const ordered: readonly (readonly [smaller: NumericBrokerKey, larger: NumericBrokerKey])[] = [
  ['group.min.session.timeout.ms', 'group.max.session.timeout.ms'],
  ['group.consumer.min.session.timeout.ms', 'group.consumer.session.timeout.ms'],
  ['group.consumer.session.timeout.ms', 'group.consumer.max.session.timeout.ms'],
  ['group.consumer.min.heartbeat.interval.ms', 'group.consumer.heartbeat.interval.ms'],
  ['group.consumer.heartbeat.interval.ms', 'group.consumer.max.heartbeat.interval.ms'],
  ['group.streams.min.session.timeout.ms', 'group.streams.session.timeout.ms'],
  ['group.streams.session.timeout.ms', 'group.streams.max.session.timeout.ms'],
  ['group.streams.min.heartbeat.interval.ms', 'group.streams.heartbeat.interval.ms'],
  ['group.streams.heartbeat.interval.ms', 'group.streams.max.heartbeat.interval.ms'],
  ['group.share.min.session.timeout.ms', 'group.share.session.timeout.ms'],
  ['group.share.session.timeout.ms', 'group.share.max.session.timeout.ms'],
  ['group.share.min.heartbeat.interval.ms', 'group.share.heartbeat.interval.ms'],
  ['group.share.heartbeat.interval.ms', 'group.share.max.heartbeat.interval.ms'],
];

/**
 * What must hold between values that are each right by themselves.
 * @throws {ConfigError} naming the keys and their values
 */
export function checkTogether(config: BrokerConfig): void {
  const demand = (holds: boolean, rule: string): void => {
    if (!holds) throw new ConfigError(rule);
  };
  for (const [smaller, larger] of ordered) {
    const [low, high] = [config.get(smaller), config.get(larger)];
    demand(low <= high, `${smaller} (${low}) must not be larger than ${larger} (${high})`);
  }
  const roll = config.get('log.roll.ms');
  demand(roll === null || roll >= 1, `log.roll.ms (${roll ?? ''}) must be at least 1`);
  const jitter = config.get('log.roll.jitter.ms');
  demand(jitter === null || jitter >= 0, `log.roll.jitter.ms (${jitter ?? ''}) must be at least 0`);
  const retention = config.get('log.retention.ms');
  demand(
    retention !== 0,
    `log.retention.ms (${retention ?? ''}) must be at least 1, or -1 for no limit`,
  );
  const queued = config.get('queued.max.request.bytes');
  const largest = config.get('socket.request.max.bytes');
  demand(
    queued <= 0 || queued >= largest,
    `queued.max.request.bytes (${queued}) must be at least socket.request.max.bytes (${largest})`,
  );
  const perAddress = config.get('max.connections.per.ip');
  demand(
    perAddress > 0 || config.get('max.connections.per.ip.overrides') !== '',
    'max.connections.per.ip may be 0 only together with max.connections.per.ip.overrides',
  );
  const roles = config.get('process.roles');
  demand(
    roles.includes('broker') && roles.includes('controller'),
    `process.roles (${roles.join()}) must be broker,controller: a node that is only one of them needs others`,
  );
  const voters = config.get('controller.quorum.voters');
  demand(
    voters.length < 2,
    `controller.quorum.voters (${voters.join()}) must name one node at most: there is no quorum of several`,
  );
}
