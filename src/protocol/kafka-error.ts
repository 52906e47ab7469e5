import type { ErrorName } from './error-codes.ts';

/** A refusal by the rules: the client hears `code`, and `message` where the API has room for it. */
export class KafkaError extends Error {
  override readonly name: string = 'KafkaError';

  constructor(
    readonly code: ErrorName,
    message: string = code,
  ) {
    super(message);
  }
}
