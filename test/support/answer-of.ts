import { later, type Answer, type Handler, type RequestContext } from '../../src/broker/handler.ts';
import { decode } from '../../src/protocol/codec.ts';
import type { AnyApi, RequestOf, ResponseInput } from '../../src/protocol/schema.ts';

/**
 * What a handler answers, be it at once, by a promise, or later; decoded where it is bytes already.
 * Rejects with what it throws.
 */
export function answerOf<A extends AnyApi>(
  handler: Handler<A>,
  request: RequestOf<A>,
  context: RequestContext,
): Promise<ResponseInput<A> | undefined> {
  return new Promise<Answer<A> | undefined>((resolve, reject) => {
    // The context behind it may have getters.
    const telling = Object.create(context) as RequestContext<ResponseInput<A>>;
    const answer = handler.answer(
      request,
      Object.assign(telling, { settle: resolve, fail: reject }),
    );
    if (answer !== later) resolve(answer);
  }).then((answer) =>
    Buffer.isBuffer(answer) ? decode(handler.api.response, context.apiVersion, answer) : answer,
  );
}
