import type { ErrorName } from '../protocol/error-codes.ts';
import { KafkaError } from '../protocol/kafka-error.ts';

/** Why one record of a batch is refused. */
export interface RecordError {
  /** Index of the record within its batch. */
  readonly batchIndex: number;
  readonly message: string;
}

/** A batch is refused because of some of its records (Produce v8+ names them). */
export class RecordErrors extends KafkaError {
  override readonly name = 'RecordErrors';

  constructor(
    code: ErrorName,
    readonly errorMessage: string,
    readonly recordErrors: readonly RecordError[],
  ) {
    super(code, errorMessage);
  }
}
