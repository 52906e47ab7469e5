/** What is wrong with a copy: all of it must be there, once, and in its order. */
export function differences(
  where: string,
  expected: readonly string[],
  found: readonly string[],
): string[] {
  const once = new Set(found);
  const mistakes: string[] = [];
  const twice = found.length - once.size;
  const missing = expected.filter((value) => !once.has(value));
  if (twice > 0) mistakes.push(`${where}: ${twice} duplicates`);
  if (missing.length > 0) mistakes.push(`${where}: ${missing.length} missing, first ${missing[0]}`);
  const strange = found.length - twice - (expected.length - missing.length);
  if (strange > 0) mistakes.push(`${where}: ${strange} that nobody wrote`);
  const at = expected.findIndex((value, i) => found[i] !== value);
  if (mistakes.length === 0 && at >= 0) mistakes.push(`${where}: another order from ${at} on`);
  return mistakes;
}
