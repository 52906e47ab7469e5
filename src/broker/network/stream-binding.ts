/** A request to write, as Node hands it to libuv; used up only by a write that has to wait. */
export interface WriteRequest {
  oncomplete?: (status: number) => void;
  /** Kept from the garbage collector. */
  chunks?: readonly Buffer[];
}

/** What `net` itself is made of: the part of it that is used here. */
export interface StreamBinding {
  readonly WriteWrap: new () => WriteRequest;
  /** Facts of the latest call, by place. */
  readonly streamBaseState: Int32Array;
  readonly kReadBytesOrError: number;
  readonly kLastWriteWasAsync: number;
}

const names = ['WriteWrap', 'streamBaseState', 'kReadBytesOrError', 'kLastWriteWasAsync'] as const;

/**
 * Node's own classes below `net`: the way through its streams is a sixth of what a small request costs.
 * Node 20 to 24 have them; undefined where they are missing, and then everything goes through the
 * streams.
 */
export const streamBinding = found();

function found(): StreamBinding | undefined {
  const part = bindingOf('stream_wrap');
  return names.every((name) => part[name] !== undefined) ? (part as StreamBinding) : undefined;
}

function bindingOf(name: string): Partial<StreamBinding> {
  const { binding } = process as unknown as { binding?: (name: string) => Partial<StreamBinding> };
  try {
    return binding?.(name) ?? {};
  } catch {
    return {}; // not allowed
  }
}
