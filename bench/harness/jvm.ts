/** Flags of Kafka's own start script (kafka-run-class.sh), but for its logs, with a heap that does not grow. */
export const jvmFlags = (heap: string): readonly string[] => [
  ...[`-Xms${heap}`, `-Xmx${heap}`, '-server', '-XX:+UseG1GC', '-XX:MaxGCPauseMillis=20'],
  ...['-XX:InitiatingHeapOccupancyPercent=35', '-XX:+ExplicitGCInvokesConcurrent'],
  ...['-XX:MaxInlineLevel=15', '-Djava.awt.headless=true'],
];
