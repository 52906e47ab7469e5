import type { PlantedBug } from './bugs.ts';

const coordination = 'src/coordination';
const transactions = `${coordination}/transactions`;
const producerState = 'src/storage/producer-state.ts';

/** What the model test of transactions must find. When the code moves on, `find` has to follow it. */
export const transactionBugs: readonly PlantedBug[] = [
  {
    name: 'the last stable offset is ahead of an open transaction',
    file: producerState,
    find: `for (const firstOffset of this.ongoing.keys()) {
      first = firstOffset;
      break;
    }`,
    replace: '',
  },
  {
    name: 'a marker is lost when a leader does not answer',
    file: `${transactions}/marker-delivery.ts`,
    find: "if (error === 'NONE') return true;",
    replace: "if (error === 'NONE' || error === 'NETWORK_EXCEPTION') return true;",
  },
  {
    name: 'a new producer does not fence the one before it',
    file: `${transactions}/decide-init.ts`,
    find: 'return { producerId, producerEpoch: bumped(producerEpoch), lastProducerEpoch: none };',
    replace:
      'return { producerId, producerEpoch: Math.max(producerEpoch, 0), lastProducerEpoch: none };',
  },
  {
    name: 'a coordinator takes any epoch of a producer',
    file: `${transactions}/decide-partitions.ts`,
    find: 'if (transaction.producerEpoch !== producerEpoch) throw epochRefused(transaction, producerEpoch);',
    replace: '',
  },
  {
    name: 'a new coordinator does not go on with what was decided',
    file: `${transactions}/transaction-partition.ts`,
    find: 'for (const transaction of this.transactions.values()) {\n      if (isCompleting(transaction)) this.complete(transaction);\n    }',
    replace: '',
  },
  {
    name: 'a transaction is complete before its markers are written',
    file: `${transactions}/transaction-partition.ts`,
    find: 'await deliverMarker(',
    replace: 'void deliverMarker(',
  },
  {
    name: 'a transaction that took too long keeps its epoch',
    file: `${transactions}/decide-end.ts`,
    find: 'producerEpoch: bumped(transaction.producerEpoch),\n    lastProducerEpoch: none,',
    replace: 'lastProducerEpoch: none,',
  },
  {
    name: 'offsets of a transaction count at once',
    file: `${coordination}/group-partition.ts`,
    find: 'this.apply(records, await this.append(records, transaction), transaction?.producerId);',
    replace: 'this.apply(records, await this.append(records, transaction));',
  },
  {
    name: 'offsets of a transaction count after a restart',
    file: `${coordination}/group-log.ts`,
    find: 'const producerId = isTransactionalAt(bytes, at) ? producerIdAt(bytes, at) : -1;',
    replace: 'const producerId = isControlAt(bytes, at) ? producerIdAt(bytes, at) : -1;',
  },
  {
    name: 'consumers are told of one aborted transaction only',
    file: 'src/storage/aborted-transactions.ts',
    find: 'if (firstOffset < endOffset) found.push',
    replace: 'if (firstOffset < endOffset && found.length === 0) found.push',
  },
];
