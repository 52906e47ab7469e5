import { errorCodes } from '../../protocol/error-codes.ts';
import { createPartitions } from '../../protocol/messages/create-partitions.ts';
import type { Catalog } from '../catalog/catalog.ts';
import { decideCreatePartitions } from '../catalog/decide-partitions.ts';
import { defineHandler } from '../handler.ts';

/** CreatePartitions (key 37). Answers when the new partitions serve. */
export const createPartitionsHandler = (catalog: Catalog) =>
  defineHandler(createPartitions, {
    async answer({ topics, validateOnly }) {
      const outcomes = await catalog.transact((image) =>
        decideCreatePartitions(image, topics, validateOnly),
      );
      return {
        throttleTimeMs: 0,
        results: outcomes.map((outcome) => ({
          name: outcome.name,
          errorCode: errorCodes[outcome.error],
          errorMessage: outcome.error === 'NONE' ? null : outcome.message,
        })),
      };
    },
    refuse: (errorCode, errorMessage, { topics }) => ({
      throttleTimeMs: 0,
      results: topics.map(({ name }) => ({ name, errorCode, errorMessage })),
    }),
  });
