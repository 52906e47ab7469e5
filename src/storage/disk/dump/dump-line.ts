/** One thing that stands in a file: its kind, then its fields in the order in which they are shown. */
export type DumpLine = Readonly<Record<string, unknown>> & { readonly kind: string };

/** What could not be read. */
export const dumpError = (message: string, position?: number): DumpLine => ({
  kind: 'error',
  ...(position !== undefined && { position }),
  message,
});

/** `kind name=value name=value`, always in the same order. */
export function lineAsText({ kind, ...fields }: DumpLine): string {
  const parts = Object.entries(fields).map(([name, value]) => `${name}=${valueAsText(value)}`);
  return [kind, ...parts].join(' ');
}

export const lineAsJson = (line: DumpLine): string => JSON.stringify(line, bytesAsText);

function valueAsText(value: unknown): string {
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  const isPlain = typeof value === 'string' && /^[\w.:/+-]+$/.test(value) && value !== 'null';
  if (isPlain) return value;
  return JSON.stringify(value, bytesAsText);
}

/** Bytes inside of decoded records, as Kafka's own JSON shows them: base64. */
function bytesAsText(_name: string, value: unknown): unknown {
  const asJson = value as { type?: unknown; data?: unknown } | null;
  const isBuffer = asJson?.type === 'Buffer' && Array.isArray(asJson.data);
  return isBuffer ? Buffer.from(asJson.data as number[]).toString('base64') : value;
}

/** Bytes that may be text: as text where they are, else in hexadecimal digits. */
export function bytesInWords(bytes: Buffer | null, how: 'auto' | 'text' | 'hex'): string | null {
  if (bytes === null) return null;
  if (how === 'hex') return bytes.toString('hex');
  const text = bytes.toString('utf8');
  // eslint-disable-next-line no-control-regex -- those are what a terminal must not get
  const isText = !/[\u0000-\u0008\u000e-\u001f\u007f\ufffd]/.test(text);
  return how === 'text' || isText ? text : `0x${bytes.toString('hex')}`;
}
