/** The code of the thread of `LargeBatches`. */
import { parentPort } from 'node:worker_threads';
import { answerLargeBatch, type LargeBatch } from './large-batches.ts';

parentPort?.on('message', (question: LargeBatch) => {
  const answer = answerLargeBatch(question);
  parentPort?.postMessage(answer, 'bytes' in answer ? [answer.bytes.buffer] : []);
});
