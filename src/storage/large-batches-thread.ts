/** The code of the thread of `LargeBatches`. */
import { parentPort } from 'node:worker_threads';
import { answerLargeBatch, type LargeBatch } from './large-batches.ts';

parentPort?.on('message', (batch: LargeBatch) => {
  const answer = answerLargeBatch(batch);
  parentPort?.postMessage(answer, 'accepted' in answer ? [answer.accepted.buffer] : []);
});
