import { jest } from '@jest/globals';

// Real brokers and clients on a busy machine: generous, as every wait in the suite is for a condition.
jest.setTimeout(90_000);
