import { chmod, mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { apacheKafkaJars } from '../../../scripts/apache-kafka/jars.ts';
import { mustRun } from '../frame/command.ts';
import type { SuiteSource } from '../frame/suite.ts';

const PACKAGE = '@confluentinc/kafka-javascript';
const VERSION = '1.10.1';

/** Where the test runner was built, below the suite's folder. */
export const TESTS_FOLDER = 'package/deps/librdkafka/tests';
/** What librdkafka's tests call KAFKA_PATH. */
export const KAFKA_FOLDER = 'kafka';

/** librdkafka with its own tests, as the npm package of its JavaScript binding carries it. */
export const librdkafkaSource: SuiteSource = {
  name: 'librdkafka',
  version: VERSION,
  async prepare(folder) {
    const step = async (name: string, cwd: string, command: string, args: readonly string[]) =>
      mustRun({
        ...{ command, args, cwd, timeoutMs: 1_800_000 },
        outputFile: join(folder, `${name}.log`),
      });
    await step('pack', folder, 'npm', ['pack', `${PACKAGE}@${VERSION}`]);
    await step('unpack', folder, 'tar', ['xzf', `confluentinc-kafka-javascript-${VERSION}.tgz`]);
    const library = join(folder, 'package/deps/librdkafka');
    // Only this file of that name may be there: mklove runs all that are called configure.*.
    await step('configure', library, './configure', ['--disable-gssapi']);
    await step('library', library, 'make', ['-j2', 'libs']);
    await step('tests', library, 'make', ['-j2', '-C', 'tests', 'build']);
    await kafkaFolder(join(folder, KAFKA_FOLDER));
  },
};

/** The programs of a Kafka distribution that the tests call, as scripts over Apache's jars. */
const SCRIPTS = {
  'kafka-topics': 'org.apache.kafka.tools.TopicCommand',
  'kafka-configs': 'kafka.admin.ConfigCommand',
  'kafka-acls': 'org.apache.kafka.tools.AclCommand',
  'kafka-run-class': '',
};

async function kafkaFolder(folder: string): Promise<void> {
  const bin = join(folder, 'bin');
  await mkdir(bin, { recursive: true });
  await symlink(await apacheKafkaJars(process.cwd()), join(folder, 'libs'));
  for (const [name, mainClass] of Object.entries(SCRIPTS)) {
    const script = join(bin, `${name}.sh`);
    const java = 'java -XX:TieredStopAtLevel=1 -XX:+UseSerialGC -Xmx256m';
    await writeFile(
      script,
      `#!/bin/sh\nhere=$(dirname "$0")\nexec ${java} -cp "$here/../libs/*:$CLASSPATH" ${mainClass} "$@"\n`,
    );
    await chmod(script, 0o755);
  }
}
