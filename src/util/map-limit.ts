/**
 * Runs `work` over `items`, at most `limit` at a time, and yields the results in the order of the items, each as soon
 * as it and all before it are done. A rejection ends the iteration, so `work` should not reject for one bad item.
 */
export async function* mapLimit<T, R>(
  items: readonly T[],
  limit: number,
  work: (item: T) => Promise<R>,
): AsyncGenerator<R> {
  const running: Promise<R>[] = [];
  const slots = Math.max(1, limit);
  let active = 0;
  let next = 0;
  const startMore = (): void => {
    while (active < slots && next < items.length) {
      const item = items[next] as T;
      next += 1;
      active += 1;
      const result = work(item).finally(() => {
        active -= 1;
        startMore();
      });
      // Looked at later, in order; until then a rejection must not count as unhandled.
      result.catch(() => undefined);
      running.push(result);
    }
  };
  startMore();
  for (let i = 0; i < items.length; i += 1) yield await (running[i] as Promise<R>);
}
