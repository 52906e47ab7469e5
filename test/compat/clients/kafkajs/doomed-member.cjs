// A member of a consumer group in a process of its own, so that a test can kill it: it prints each record's value.
// Arguments: bootstrap server, group, topic.
const { Kafka, logLevel } = require('kafkajs');

const [bootstrapServer, groupId, topic] = process.argv.slice(2);

async function main() {
  const kafka = new Kafka({ brokers: [bootstrapServer], logLevel: logLevel.NOTHING });
  const consumer = kafka.consumer({ groupId, sessionTimeout: 6000, maxWaitTimeInMs: 100 });
  consumer.on(consumer.events.GROUP_JOIN, ({ payload }) => {
    const partitions = (payload.memberAssignment[topic] ?? []).length;
    process.stdout.write(`${JSON.stringify({ partitions })}\n`);
  });
  await consumer.connect();
  await consumer.subscribe({ topic, fromBeginning: true });
  await consumer.run({
    eachMessage: async ({ message }) => {
      process.stdout.write(`${JSON.stringify({ value: message.value.toString() })}\n`);
    },
  });
}

void main();
