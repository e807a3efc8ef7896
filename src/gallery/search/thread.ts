/** What runs in the threads of the search. */
import { scan } from './scan.ts';
import type { PartHits, Pass } from './scan.ts';
import type { SentSegment } from './row-table.ts';
import { openSegment } from './segment.ts';
import type { Segment, Shape } from './segment.ts';

export type PartTask = {
  readonly pass: Pass;
  readonly shape: Shape;
  readonly part: number;
  readonly segments: readonly SentSegment[];
};

/**
 * Segments that are open here, by key and part. They are never let go: when an index is cleared, the threads end and
 * others begin (runner.ts), which alone gives the memory back for certain.
 */
const open = new Map<string, Segment>();

export function scanPart({ pass, shape, part, segments }: PartTask): PartHits {
  return scan(
    pass,
    segments.map(({ key, memory }, number) => {
      const name = `${key}/${part}`;
      const segment = open.get(name) ?? openSegment(shape, number, memory, part);
      open.set(name, segment);
      return segment;
    }),
  );
}
