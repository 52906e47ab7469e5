import { errorCodes, type ErrorCode } from '../../protocol/error-codes.ts';

/** Clients that do not know PRODUCER_FENCED are told INVALID_PRODUCER_EPOCH, and do the same (row 142). */
export function fencedFor(errorCode: ErrorCode, apiVersion: number, since: number): ErrorCode {
  const isUnknown = errorCode === errorCodes.PRODUCER_FENCED && apiVersion < since;
  return isUnknown ? errorCodes.INVALID_PRODUCER_EPOCH : errorCode;
}
