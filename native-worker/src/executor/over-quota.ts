/**
 * What shared a request that the quota had no room for. One file that is too large must not hold up
 * the small ones beside it: they are tried again, smallest first, and only what does not fit waits.
 */

/**
 * Sends groups of `items`, which are ordered by size, and halves a group that is refused. Returns what
 * has no room: the first one that was refused by itself, and all after it, unsent. `send` resolves with
 * those of its group that were refused.
 */
export async function sendSmallestFirst<Item>(
  items: readonly Item[],
  send: (group: readonly Item[]) => Promise<ReadonlySet<Item>>,
): Promise<readonly Item[]> {
  // All of them at once were refused already.
  if (items.length === 1) return items;
  let rest = items;
  let count = Math.ceil(rest.length / 2);
  while (rest.length > 0) {
    const group = rest.slice(0, count);
    const refused = await send(group);
    if (refused.size > 0 && group.length === 1) break;
    rest = rest.filter((item, at) => at >= group.length || refused.has(item));
    if (refused.size > 0) count = Math.ceil(group.length / 2);
  }
  return rest;
}
