import { boolean, int, list, long, string } from '../config-key.ts';

/** The metadata log and its quorum. */
export const metadataKeys = {
  'controller.listener.names': list('', 'Listeners of the controller; clients never use them.'),
  'controller.performance.always.log.threshold.ms': long(
    2000,
    'Controller events slower than this are logged.',
    { min: 0, internal: true },
  ),
  'controller.performance.sample.period.ms': long(
    60_000,
    'How often the slowest controller event is logged.',
    { min: 100, internal: true },
  ),
  'controller.quorum.append.linger.ms': int(
    25,
    "How long the quorum's leader gathers records before it writes them.",
    { min: 0 },
  ),
  'controller.quorum.auto.join.enable': boolean(
    false,
    'Whether a controller adds itself to the voters.',
  ),
  'controller.quorum.bootstrap.servers': list(
    '',
    'Controllers to ask for the quorum, as host:port.',
  ),
  'controller.quorum.election.backoff.max.ms': int(
    1000,
    'Longest wait before a new election after a tie.',
    { min: 0 },
  ),
  'controller.quorum.election.timeout.ms': int(
    1000,
    'How long a voter waits without a leader before it stands for election.',
    { min: 0 },
  ),
  'controller.quorum.fetch.max.bytes': int(
    1_048_576,
    'Most bytes of metadata in one fetch within the quorum.',
    { min: 1 },
  ),
  'controller.quorum.fetch.snapshot.max.bytes': int(
    1_048_576,
    'Most bytes of a metadata snapshot in one fetch.',
    { min: 1 },
  ),
  'controller.quorum.fetch.timeout.ms': int(
    2000,
    'How long a follower fetches in vain before it stands for election.',
    { min: 0 },
  ),
  'controller.quorum.request.timeout.ms': int(
    2000,
    'How long a request within the quorum may take.',
    { min: 0 },
  ),
  'controller.quorum.retry.backoff.ms': int(
    20,
    'Wait before a failed request within the quorum is repeated.',
    { min: 0 },
  ),
  'controller.quorum.voters': list('', 'The controllers that vote, as id@host:port.'),
  'internal.metadata.delete.delay.millis': long(
    60_000,
    'Wait before deleted metadata files are removed.',
    { internal: true },
  ),
  'internal.metadata.log.segment.bytes': int(null, 'Segment size of the metadata log, for tests.', {
    internal: true,
  }),
  'internal.metadata.max.batch.size.in.bytes': int(
    8_388_608,
    'Largest batch in the metadata log.',
    { internal: true },
  ),
  'metadata.log.dir': string(
    null,
    'Folder of the metadata log; by default the first log directory.',
  ),
  'metadata.log.max.record.bytes.between.snapshots': long(
    20_971_520,
    'Bytes of new metadata after which a snapshot is written.',
    { min: 1 },
  ),
  'metadata.log.max.snapshot.interval.ms': long(
    3_600_000,
    'Time after which a snapshot is written when there is anything new.',
    { min: 0 },
  ),
  'metadata.log.segment.bytes': int(1_073_741_824, 'Segment size of the metadata log.', {
    min: 8_388_608,
  }),
  'metadata.log.segment.ms': long(
    604_800_000,
    'Time after which the metadata log starts a new segment.',
  ),
  'metadata.max.idle.interval.ms': int(
    500,
    'How often an idle controller writes a no-op record; 0: never.',
    { min: 0 },
  ),
  'metadata.max.retention.bytes': long(
    104_857_600,
    'Size of old metadata and snapshots that is kept.',
  ),
  'metadata.max.retention.ms': long(
    604_800_000,
    'Age up to which old metadata and snapshots are kept.',
  ),
  'sasl.mechanism.controller.protocol': string(
    'GSSAPI',
    'SASL mechanism between brokers and controllers.',
  ),
  'unclean.leader.election.interval.ms': long(
    300_000,
    'How often partitions without a leader are looked at for an unclean election.',
    { min: 1, internal: true },
  ),
};
