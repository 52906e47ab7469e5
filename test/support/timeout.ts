import { jest } from '@jest/globals';

// Every wait in the tests is for a condition, so that a busy machine needs nothing but time.
jest.setTimeout(90_000);
