/**
 * Reads the text of a Java properties file, as `server.properties` is one: `#` and `!` begin a
 * comment, a backslash at the end continues the line, `=`, `:` or blanks end a key, and `\t`, `\n`,
 * `\r`, `\f`, `\uXXXX` and an escaped character mean what they mean in Java. The last value of a
 * repeated key counts.
 */
export function parsePropertiesText(text: string): Map<string, string> {
  const properties = new Map<string, string>();
  for (const line of logicalLines(text)) {
    const { key, value } = split(line);
    properties.set(unescaped(key), unescaped(value));
  }
  return properties;
}

function logicalLines(text: string): string[] {
  const lines: string[] = [];
  let open: string | undefined;
  for (const raw of text.split(/\r\n|\r|\n/)) {
    const part = raw.replace(/^[ \t\f]+/, '');
    if (open === undefined && (part === '' || part.startsWith('#') || part.startsWith('!'))) {
      continue;
    }
    const line = (open ?? '') + part;
    if (/(^|[^\\])(\\\\)*\\$/.test(line)) {
      open = line.slice(0, -1);
    } else {
      lines.push(line);
      open = undefined;
    }
  }
  if (open !== undefined) lines.push(open);
  return lines;
}

function split(line: string): { key: string; value: string } {
  const [key = ''] = /^(\\.|[^\\=: \t\f])*/.exec(line) ?? [];
  const value = line.slice(key.length).replace(/^[ \t\f]*[=:]?[ \t\f]*/, '');
  return { key, value };
}

const escapes: Readonly<Record<string, string>> = { t: '\t', n: '\n', r: '\r', f: '\f' };

const unescaped = (text: string): string =>
  text.replace(/\\(?:u([0-9a-fA-F]{4})|(.?))/g, (_all, hex?: string, plain = '') =>
    hex === undefined
      ? (escapes[plain as string] ?? (plain as string))
      : String.fromCharCode(parseInt(hex, 16)),
  );
