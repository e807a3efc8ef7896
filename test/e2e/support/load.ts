/** Requests that keep coming while something happens. */
import type { FacesAnswer } from '../../../src/contract/results.ts';

export type Outcome<T> = { readonly answer: T } | { readonly error: unknown };

/** Runs `request` in `clients` loops until `act` has resolved and each loop has ended its request. */
export async function underLoad<T, R>(
  clients: number,
  request: (n: number) => Promise<T>,
  act: () => Promise<R>,
): Promise<{ readonly result: R; readonly outcomes: readonly Outcome<T>[] }> {
  const outcomes: Outcome<T>[] = [];
  let next = 0;
  let stop = false;
  const loop = async (): Promise<void> => {
    while (!stop) {
      const n = next++;
      try {
        outcomes.push({ answer: await request(n) });
      } catch (error) {
        outcomes.push({ error });
      }
    }
  };
  const loops = Promise.all(Array.from({ length: clients }, loop));
  try {
    const result = await act();
    stop = true;
    await loops;
    return { result, outcomes };
  } finally {
    stop = true;
  }
}

/** The part of an answer that depends on the picture alone. */
export function essence(answer: FacesAnswer): Pick<FacesAnswer, 'image' | 'faces' | 'truncated'> {
  const { image, faces, truncated } = answer;
  return { image, faces, truncated };
}
