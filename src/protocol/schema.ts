import type { ByteRange, FileRange } from './byte-range.ts';
import type { Uuid } from './uuid.ts';

/**
 * The language in which messages are described: what travels, in wire order, for all versions at once.
 *
 * A schema is plain data. `compile.ts` turns (schema, version) into straight-line code; the types of
 * the messages are inferred from the same data, so a layout is never written twice.
 */

declare const decoded: unique symbol;
declare const encodable: unique symbol;
declare const optional: unique symbol;

export type Kind =
  | 'bool'
  | 'int8'
  | 'int16'
  | 'uint16'
  | 'int32'
  | 'uint32'
  | 'int64'
  | 'float64'
  | 'uuid'
  | 'string'
  | 'bytes'
  | 'records'
  | 'array'
  | 'struct';

/** First and last version, both inclusive. */
export type VersionRange = readonly [lowest: number, highest: number];

const always: VersionRange = [0, Infinity];

/** A field as data, without its types. */
export interface FieldSpec {
  readonly kind: Kind;
  /** Of an array: what it holds. */
  readonly element: FieldSpec | null;
  /** Of a struct. */
  readonly fields: Fields | null;
  /** Versions that have the field. */
  readonly versions: VersionRange;
  /** Versions in which null may stand for the value. */
  readonly nullable: VersionRange | null;
  /** Value where the version has no such field, and where a sender left it out. */
  readonly fallback: unknown;
  readonly hasFallback: boolean;
  /** Dropped without a word at versions that lack it; else a value there is the sender's bug. */
  readonly ignorable: boolean;
  /** Travels in the tag section under this number, and only when it is not its fallback. */
  readonly tag: number | null;
  /** False: keeps the old length prefix even in flexible versions. */
  readonly compact: boolean;
}

/** A field: `Out` is what decoding gives, `In` what encoding takes. */
export interface Field<Out, In, Optional extends boolean> extends FieldSpec {
  readonly [decoded]: Out;
  readonly [encodable]: In;
  readonly [optional]: Optional;
}

/** A field on whose kind nothing depends. */
export type AnyField = Field<unknown, unknown, boolean>;
/** A field that must be given when encoding. */
export type Required<Out, In = Out> = Field<Out, In, false>;
export type Fields = Readonly<Record<string, AnyField>>;

/** A tagged field that this version of the schema does not know; written back as it came. */
export interface UnknownTag {
  readonly tag: number;
  readonly data: Buffer;
}

interface WithUnknownTags {
  readonly unknownTags?: readonly UnknownTag[];
}

export type Decoded<F extends Fields> = WithUnknownTags & {
  readonly [K in keyof F]: F[K][typeof decoded];
};

export type Encodable<F extends Fields> = WithUnknownTags & {
  readonly [K in keyof F as F[K][typeof optional] extends true ? never : K]: F[K][typeof encodable];
} & {
  readonly [K in keyof F as F[K][typeof optional] extends true ? K : never]?:
    F[K][typeof encodable] | undefined;
};

/** Long.MAX_VALUE as a number: 2^63, which encoding turns into the exact value. */
export const longMax = 2 ** 63;
export const noBytes: Buffer = Buffer.alloc(0);

// ---- kinds

function field<Out, In = Out>(kind: Kind, more: Partial<FieldSpec> = {}): Required<Out, In> {
  const spec: FieldSpec = {
    kind,
    element: null,
    fields: null,
    versions: always,
    nullable: null,
    fallback: undefined,
    hasFallback: false,
    ignorable: false,
    tag: null,
    compact: true,
    ...more,
  };
  return spec as Required<Out, In>; // the three symbols exist for the type checker only
}

/** A changed copy; every combinator below is one. */
// eslint-disable-next-line @typescript-eslint/no-unnecessary-type-parameters -- the caller declares it
function changed<F extends AnyField>(original: AnyField, change: Partial<FieldSpec>): F {
  return { ...original, ...change } as F;
}

export const bool = field<boolean>('bool');
export const int8 = field<number>('int8');
export const int16 = field<number>('int16');
export const uint16 = field<number>('uint16');
export const int32 = field<number>('int32');
export const uint32 = field<number>('uint32');
/** A number: exact below 2^53, rounded above, written as Long.MAX_VALUE from 2^63 on. */
export const int64 = field<number>('int64');
export const float64 = field<number>('float64');
export const uuid = field<Uuid>('uuid');
export const string = field<string>('string');
export const nullableString = field<string | null>('string', { nullable: always });
/** Decodes to a view of the frame: copy what must outlive it. */
export const bytes = field<Buffer, Uint8Array>('bytes');
export const nullableBytes = field<Buffer | null, Uint8Array | null>('bytes', { nullable: always });
type RecordRanges = ByteRange | readonly (ByteRange | FileRange)[];
/** Record batches, never copied: a range of the frame, or the ranges to send one after another. */
export const records = field<ByteRange, RecordRanges>('records');
export const nullableRecords = field<ByteRange | null, RecordRanges | null>('records', {
  nullable: always,
});

/** A struct in place. */
export function struct<F extends Fields>(fields: F): Required<Decoded<F>, Encodable<F>> {
  return field('struct', { fields });
}

export function nullableStruct<F extends Fields>(
  fields: F,
): Required<Decoded<F> | null, Encodable<F> | null> {
  return field('struct', { fields, nullable: always });
}

/** Values of one scalar kind, or structs with the given fields. */
export function array<Out, In>(
  element: Field<Out, In, boolean>,
): Required<readonly Out[], readonly In[]>;
export function array<F extends Fields>(
  fields: F,
): Required<readonly Decoded<F>[], readonly Encodable<F>[]>;
export function array(of: AnyField | Fields): AnyField {
  return field('array', { element: isField(of) ? of : struct(of) });
}

export function nullableArray<Out, In>(
  element: Field<Out, In, boolean>,
): Required<readonly Out[] | null, readonly In[] | null>;
export function nullableArray<F extends Fields>(
  fields: F,
): Required<readonly Decoded<F>[] | null, readonly Encodable<F>[] | null>;
export function nullableArray(of: AnyField | Fields): AnyField {
  return field('array', { element: isField(of) ? of : struct(of), nullable: always });
}

function isField(of: AnyField | Fields): of is AnyField {
  return typeof of['kind'] === 'string';
}

// ---- what versions change

/** May be left out when encoding; `fallback` is sent then. */
export function withDefault<Out, In>(
  type: Field<Out, In, boolean>,
  fallback: NoInfer<In>,
): Field<Out, In, true> {
  return changed(type, { fallback, hasFallback: true });
}

/** Exists from `version` on; `fallback` is what older versions read instead. */
export function since<Out, In>(
  version: number,
  type: Field<Out, In, boolean>,
  fallback: NoInfer<In>,
): Field<Out, In, true> {
  return between(version, Infinity, type, fallback);
}

/** Exists up to and including `version`; `fallback` is what newer versions read instead. */
export function until<Out, In>(
  version: number,
  type: Field<Out, In, boolean>,
  fallback: NoInfer<In>,
): Field<Out, In, true> {
  return between(0, version, type, fallback);
}

/** Exists in versions `from` to `to`, both inclusive. */
export function between<Out, In>(
  from: number,
  to: number,
  type: Field<Out, In, boolean>,
  fallback: NoInfer<In>,
): Field<Out, In, true> {
  return changed(type, { versions: [from, to], fallback, hasFallback: true });
}

/** A tagged field: exists from `version` on, travels only when it differs from `fallback`. */
export function tagged<Out, In>(
  tag: number,
  version: number,
  type: Field<Out, In, boolean>,
  fallback: NoInfer<In>,
): Field<Out, In, true> {
  return changed(type, { tag, versions: [version, Infinity], fallback, hasFallback: true });
}

/** Null may travel from `version` on; a null at an older version is malformed. */
export function nullableSince<Out, In>(
  version: number,
  type: Required<Out, In>,
): Required<Out | null, In | null> {
  return changed(type, { nullable: [version, Infinity] });
}

/** A value given at a version that lacks the field is dropped instead of being an error. */
export function ignorable<Out, In, Optional extends boolean>(
  type: Field<Out, In, Optional>,
): Field<Out, In, Optional> {
  return changed(type, { ignorable: true });
}

/** Keeps the two-byte length prefix in flexible versions too (the client id of request headers). */
export function neverCompact<Out, In, Optional extends boolean>(
  type: Field<Out, In, Optional>,
): Field<Out, In, Optional> {
  return changed(type, { compact: false });
}

// ---- messages

/** One message of all versions: one side of an API, a record, a header. */
export interface MessageSchema<Out = unknown, In = unknown> {
  /** Kafka's name of it. */
  readonly name: string;
  /** Versions that are served. */
  readonly versions: VersionRange;
  /** The version after the highest where Kafka defines one that is not final; it can be coded. */
  readonly unstableVersion: number | null;
  /** First version with compact lengths and tags; null where there is none. */
  readonly flexibleSince: number | null;
  readonly fields: Fields;
  /** Compiled code by version, filled at first use (see codec.ts). */
  readonly codecs: unknown[];
  readonly [decoded]: Out;
  readonly [encodable]: In;
}

export interface Api<Req extends MessageSchema, Res extends MessageSchema> {
  readonly key: number;
  readonly name: string;
  readonly versions: VersionRange;
  readonly unstableVersion: number | null;
  readonly flexibleSince: number | null;
  readonly request: Req;
  readonly response: Res;
}

export type AnyApi = Api<MessageSchema<object, object>, MessageSchema<object, object>>;

/** A record with a type number: the key or value of a coordinator's record, a metadata record. */
export interface RecordSchema<Out = unknown, In = unknown> extends MessageSchema<Out, In> {
  readonly apiKey: number;
}

/** The request as decoding gives it: every field present. */
export type RequestOf<A extends AnyApi> = A['request'][typeof decoded];
/** The response as decoding gives it. */
export type ResponseOf<A extends AnyApi> = A['response'][typeof decoded];
/** The request to encode: fields with a default may be left out. */
export type RequestInput<A extends AnyApi> = A['request'][typeof encodable];
/** The response to encode: fields with a default may be left out. */
export type ResponseInput<A extends AnyApi> = A['response'][typeof encodable];
export type RecordOf<S extends MessageSchema> = S[typeof decoded];
export type RecordInput<S extends MessageSchema> = S[typeof encodable];

interface MessageHead {
  readonly name: string;
  readonly versions: VersionRange;
  readonly unstableVersion?: number;
  readonly flexibleSince?: number;
}

export function defineMessage<F extends Fields>(
  message: MessageHead & { readonly fields: F },
): MessageSchema<Decoded<F>, Encodable<F>> {
  const schema = {
    name: message.name,
    versions: message.versions,
    unstableVersion: message.unstableVersion ?? null,
    flexibleSince: message.flexibleSince ?? null,
    fields: message.fields,
    codecs: [],
  };
  return schema as unknown as MessageSchema<Decoded<F>, Encodable<F>>;
}

export function defineRecord<F extends Fields>(
  record: MessageHead & { readonly apiKey: number; readonly fields: F },
): RecordSchema<Decoded<F>, Encodable<F>> {
  return { ...defineMessage(record), apiKey: record.apiKey };
}

export function defineApi<Req extends Fields, Res extends Fields>(
  api: MessageHead & { readonly key: number; readonly request: Req; readonly response: Res },
): Api<MessageSchema<Decoded<Req>, Encodable<Req>>, MessageSchema<Decoded<Res>, Encodable<Res>>> {
  const { key, name, versions, request, response, ...head } = api;
  return {
    key,
    name,
    versions,
    unstableVersion: head.unstableVersion ?? null,
    flexibleSince: head.flexibleSince ?? null,
    request: defineMessage({ ...head, name: `${name}Request`, versions, fields: request }),
    response: defineMessage({ ...head, name: `${name}Response`, versions, fields: response }),
  };
}

// ---- what a version means

export function isFlexible(of: Pick<MessageSchema, 'flexibleSince'>, version: number): boolean {
  return of.flexibleSince !== null && version >= of.flexibleSince;
}

export function includes(range: VersionRange | null, version: number): boolean {
  return range !== null && version >= range[0] && version <= range[1];
}

const apiVersionsKey = 18;

/** Version of the header before a request's body. */
export function requestHeaderVersion(api: AnyApi, version: number): 1 | 2 {
  return isFlexible(api, version) ? 2 : 1;
}

/**
 * Version of the header before a response's body. ApiVersions always has the oldest: its reader may
 * not know yet what the broker speaks (KIP-511).
 */
export function responseHeaderVersion(api: AnyApi, version: number): 0 | 1 {
  return isFlexible(api, version) && api.key !== apiVersionsKey ? 1 : 0;
}
