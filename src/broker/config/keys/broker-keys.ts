import { groupKeys } from './group-keys.ts';
import { logKeys } from './log-keys.ts';
import { metadataKeys } from './metadata-keys.ts';
import { remoteKeys } from './remote-keys.ts';
import { replicationKeys } from './replication-keys.ts';
import { saslKeys } from './sasl-keys.ts';
import { serverKeys } from './server-keys.ts';
import { shareKeys } from './share-keys.ts';
import { sslKeys } from './ssl-keys.ts';
import { transactionKeys } from './transaction-keys.ts';

/** Every key that Kafka 4.3 knows of a broker. */
export const brokerKeys = {
  ...serverKeys,
  ...metadataKeys,
  ...logKeys,
  ...replicationKeys,
  ...groupKeys,
  ...shareKeys,
  ...transactionKeys,
  ...remoteKeys,
  ...saslKeys,
  ...sslKeys,
};

export type BrokerKey = keyof typeof brokerKeys;
