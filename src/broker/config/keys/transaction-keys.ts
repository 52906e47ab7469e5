import { boolean, int, short } from '../config-key.ts';

/** Producers and transactions. */
export const transactionKeys = {
  'add.partitions.to.txn.retry.backoff.max.ms': int(
    100,
    'Longest time in which adding a partition to a transaction is retried by the broker.',
    { min: 0 },
  ),
  'add.partitions.to.txn.retry.backoff.ms': int(
    20,
    'Wait before adding a partition to a transaction is retried by the broker.',
    { min: 1 },
  ),
  'producer.id.expiration.check.interval.ms': int(
    600_000,
    'How often idle producers are looked for.',
    { min: 1, internal: true },
  ),
  'producer.id.expiration.ms': int(
    86_400_000,
    'How long a partition remembers a producer that writes nothing.',
    { update: 'cluster-wide', min: 1 },
  ),
  'transaction.abort.timed.out.transaction.cleanup.interval.ms': int(
    10_000,
    'How often transactions are looked at for their timeout.',
    { min: 1 },
  ),
  'transaction.max.timeout.ms': int(900_000, 'Longest timeout that a transaction may ask.', {
    min: 1,
  }),
  'transaction.partition.verification.enable': boolean(
    true,
    'Whether a partition checks that a transaction knows of it.',
    { update: 'cluster-wide' },
  ),
  'transaction.remove.expired.transaction.cleanup.interval.ms': int(
    3_600_000,
    'How often unused transactional ids are looked for.',
    { min: 1 },
  ),
  'transaction.state.log.load.buffer.size': int(
    5_242_880,
    'Bytes read at once when transactions are loaded.',
    { min: 1 },
  ),
  'transaction.state.log.min.isr': int(2, '`min.insync.replicas` of the transaction topic.', {
    min: 1,
  }),
  'transaction.state.log.num.partitions': int(
    50,
    'Partitions of the transaction topic; never change it once the topic exists.',
    { min: 1 },
  ),
  'transaction.state.log.replication.factor': short(3, 'Replicas of the transaction topic.', {
    min: 1,
  }),
  'transaction.state.log.segment.bytes': int(
    104_857_600,
    'Segment size of the transaction topic.',
    { min: 1 },
  ),
  'transaction.two.phase.commit.enable': boolean(
    false,
    'Whether producers may take part in an outside two-phase commit.',
  ),
  'transactional.id.expiration.ms': int(
    604_800_000,
    'How long an unused transactional id is remembered.',
    { min: 1 },
  ),
};
