/** Variables of Kafka's scripts and of its image, which are no properties of a broker. */
const otherVariables: ReadonlySet<string> = new Set([
  'KAFKA_VERSION',
  'KAFKA_HEAP_OPTS',
  'KAFKA_LOG4J_OPTS',
  'KAFKA_OPTS',
  'KAFKA_JMX_OPTS',
  'KAFKA_JVM_PERFORMANCE_OPTS',
  'KAFKA_GC_LOG_OPTS',
  'KAFKA_LOG4J_ROOT_LOGLEVEL',
  'KAFKA_LOG4J_LOGGERS',
  'KAFKA_TOOLS_LOG4J_LOGLEVEL',
  'KAFKA_JMX_HOSTNAME',
]);

const prefix = 'KAFKA_';

/**
 * Properties that environment variables give, named as the apache/kafka image names them:
 * `KAFKA_LOG_RETENTION_HOURS` is `log.retention.hours`; `__` stands for `_` and `___` for `-`.
 */
export function propertiesOfEnvironment(
  environment: Readonly<Record<string, string | undefined>>,
): Map<string, string> {
  const properties = new Map<string, string>();
  for (const [variable, value] of Object.entries(environment)) {
    if (value === undefined || !variable.startsWith(prefix) || otherVariables.has(variable)) {
      continue;
    }
    properties.set(propertyName(variable), value);
  }
  return properties;
}

const propertyName = (variable: string): string =>
  variable
    .slice(prefix.length)
    .toLowerCase()
    .replaceAll('_', '.')
    .replaceAll('...', '-')
    .replaceAll('..', '_');
