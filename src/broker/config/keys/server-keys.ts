import { boolean, int, javaClass, list, long, longMax, string } from '../config-key.ts';

/** General, network and listeners. */
export const serverKeys = {
  'advertised.listeners': list(
    null,
    'Addresses that clients are told to use, one per listener; by default those of `listeners`.',
    { mayBeEmpty: false },
  ),
  'authorizer.class.name': string(
    '',
    'Class that decides who may do what; empty: everybody may do everything.',
  ),
  'auto.leader.rebalance.enable': boolean(
    true,
    'Whether leadership returns to the preferred replica by itself.',
  ),
  'background.threads': int(
    10,
    'Threads for background work in Kafka; here a number that is only kept.',
    { update: 'cluster-wide', min: 1 },
  ),
  'broker.heartbeat.interval.ms': int(
    2000,
    'How often a broker tells the controller that it lives.',
  ),
  'broker.id': int(-1, 'The older name of `node.id`.'),
  'broker.rack': string(
    null,
    'Rack (or zone) of this broker, for rack-aware assignment and fetching.',
  ),
  'broker.session.timeout.ms': int(9000, 'A broker that is silent for longer is taken for dead.'),
  'client.quota.callback.class': javaClass(null, 'Class that computes client quotas.'),
  'config.providers': list(
    '',
    'Names of providers that resolve variables in configuration values.',
    { update: 'cluster-wide' },
  ),
  'connection.failed.authentication.delay.ms': int(
    100,
    'How long the answer to a failed authentication is held back.',
    { min: 0 },
  ),
  'connections.max.idle.ms': long(
    600_000,
    'A connection on which nothing happens for this long is closed.',
  ),
  'connections.max.reauth.ms': long(
    0,
    'Longest life of a SASL session before the client must authenticate again; 0: no limit.',
  ),
  'controlled.shutdown.enable': boolean(
    true,
    'Whether a broker hands over its leaderships before it stops.',
  ),
  'controller.socket.timeout.ms': int(30_000, 'Socket timeout between controller and broker.'),
  'delete.topic.enable': boolean(true, 'Whether topics may be deleted.'),
  'early.start.listeners': list(null, 'Listeners that open before the broker is fully started.'),
  'fetch.max.bytes': int(57_671_680, 'Most bytes a broker puts in one fetch response.', {
    min: 1024,
  }),
  'initial.broker.registration.timeout.ms': int(
    60_000,
    'How long a starting broker tries to register with the controller.',
  ),
  'inter.broker.listener.name': string(null, 'Listener that brokers use among themselves.'),
  'kafka.metrics.polling.interval.secs': int(10, 'How often metrics reporters are polled.', {
    min: 1,
  }),
  'kafka.metrics.reporters': list('', "Classes that report Kafka's older kind of metrics."),
  'listener.security.protocol.map': string(
    'SASL_SSL:SASL_SSL,PLAINTEXT:PLAINTEXT,SSL:SSL,SASL_PLAINTEXT:SASL_PLAINTEXT',
    'Security protocol of each listener name, as NAME:PROTOCOL pairs.',
    { update: 'per-broker' },
  ),
  listeners: list(
    'PLAINTEXT://127.0.0.1:9092',
    'Where the broker listens, as NAME://host:port; an empty host means all addresses, port 0 any free port.',
    { update: 'per-broker', mayBeEmpty: false },
  ),
  'max.connection.creation.rate': int(
    2_147_483_647,
    'Most new connections a second that a broker accepts.',
    { update: 'cluster-wide', min: 0 },
  ),
  'max.connections': int(2_147_483_647, 'Most connections a broker keeps open at once.', {
    update: 'cluster-wide',
    min: 0,
  }),
  'max.connections.per.ip': int(2_147_483_647, 'Most connections from one address.', {
    update: 'cluster-wide',
    min: 0,
  }),
  'max.connections.per.ip.overrides': string(
    '',
    'Other limits for single addresses, as ADDRESS:NUMBER pairs.',
    { update: 'cluster-wide' },
  ),
  'max.incremental.fetch.session.cache.slots': int(
    1000,
    'How many incremental fetch sessions are remembered.',
    { min: 0 },
  ),
  'max.request.partition.size.limit': int(
    2000,
    'Most partitions in one page of DescribeTopicPartitions.',
    { min: 1 },
  ),
  'metric.reporters': list(
    'org.apache.kafka.common.metrics.JmxReporter',
    'Classes that report metrics.',
    { update: 'cluster-wide' },
  ),
  'metrics.num.samples': int(2, 'How many samples a metric is computed from.', { min: 1 }),
  'metrics.recording.level': string('INFO', 'Which metrics are recorded: INFO, DEBUG or TRACE.'),
  'metrics.sample.window.ms': long(30_000, 'Length of one metric sample.', { min: 1 }),
  'node.id': int(1, 'Identity of this node in the cluster.', { min: 0 }),
  'num.io.threads': int(
    8,
    'Threads that handle requests in Kafka; here a number that is only kept.',
    { update: 'cluster-wide', min: 1 },
  ),
  'num.network.threads': int(
    3,
    'Threads that read and write sockets in Kafka; here a number that is only kept.',
    { update: 'cluster-wide', min: 1 },
  ),
  'process.roles': list(
    'broker,controller',
    'What this process does: broker, controller or both.',
    { mayBeEmpty: false, of: ['broker', 'controller'] },
  ),
  'queued.max.request.bytes': long(
    -1,
    'Most bytes of requests that wait to be handled before reading stops; -1: no limit.',
  ),
  'queued.max.requests': int(500, 'Most requests that wait to be handled before reading stops.', {
    min: 1,
  }),
  'request.timeout.ms': int(30_000, 'How long a request of the broker itself may take.'),
  'server.max.startup.time.ms': long(longMax, 'How long a start may take before it is given up.', {
    min: 0,
    internal: true,
  }),
  'socket.connection.setup.timeout.max.ms': long(
    30_000,
    'Longest wait for a connection to be set up, after repeated failures.',
  ),
  'socket.connection.setup.timeout.ms': long(
    10_000,
    'How long setting up a connection may take at first.',
  ),
  'socket.listen.backlog.size': int(50, 'Connections that may wait to be accepted.', { min: 1 }),
  'socket.receive.buffer.bytes': int(
    102_400,
    "Receive buffer of a socket; -1: the system's default.",
  ),
  'socket.request.max.bytes': int(
    104_857_600,
    'Largest request; the connection of a larger one is closed.',
    { min: 1 },
  ),
  'socket.send.buffer.bytes': int(102_400, "Send buffer of a socket; -1: the system's default."),
  'telemetry.max.bytes': int(1_048_576, 'Largest telemetry message that a client may push.', {
    min: 1,
  }),
  'unstable.api.versions.enable': boolean(
    false,
    'Whether API versions still under development are offered.',
    { internal: true },
  ),
  'unstable.feature.versions.enable': boolean(
    false,
    'Whether feature levels still under development may be finalized.',
    { internal: true },
  ),
};
