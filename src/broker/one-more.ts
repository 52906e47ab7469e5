/**
 * The list with one element more: a new list of one, or the same list. An array that grows has room
 * for seventeen from its first element on; one that is made with its element has not.
 */
export function withOneMore<T>(list: T[], element: T): T[] {
  if (list.length === 0) return [element];
  list.push(element);
  return list;
}
