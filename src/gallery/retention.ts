/** Faces go when they are older than `people.retention_days`, and subjects that have none left. */
import type { Settings } from '../contract/settings.ts';
import type { Clock } from '../util/clock.ts';
import type { PeopleGallery } from './gallery.ts';

const LOOK_MS = 3_600_000;
const FIRST_LOOK_MS = 60_000;
const DAY_MS = 86_400_000;

export type RetentionDeps = {
  readonly gallery: PeopleGallery;
  /** Read at each look. */
  readonly settings: Pick<Settings, 'people'>;
  readonly clock: Clock;
  /** Told how many faces went, and what failed. */
  readonly onExpired: (faces: number, subjects: number) => void;
  readonly onTrouble: (what: string, error: unknown) => void;
};

/** Looks a minute after the start and every hour. @returns what ends it */
export function keepRetention(deps: RetentionDeps): () => void {
  let isOver = false;
  let cancel = (): void => {};
  const next = (ms: number): void => {
    cancel = deps.clock.after(ms, () => {
      void expire(deps)
        .catch((error: unknown) => deps.onTrouble('faces that are too old could not be deleted', error))
        .finally(() => {
          if (!isOver) next(LOOK_MS);
        });
    });
  };
  next(FIRST_LOOK_MS);
  return () => {
    isOver = true;
    cancel();
  };
}

/** One look. Nothing happens while people are not open: what is not there cannot be too old, and the next look comes. */
export async function expire({ gallery, settings, clock, onExpired }: RetentionDeps): Promise<void> {
  const days = settings.people.retention_days;
  const { opening } = gallery;
  if (days === 0 || !['ready', 'empty'].includes(opening.state.state) || opening.isUntouched) return;
  const open = opening.current;
  const before = clock.date().getTime() - days * DAY_MS;
  const { faceIds, subjects } = await gallery.timed('expire', () => open.store.expire(before));
  if (faceIds.length === 0) return;
  await open.indexes.removeMany(faceIds);
  // Another store may have taken the place of this one meanwhile, in which these numbers are others.
  if (opening.isCurrent(open)) for (const id of subjects) opening.directory.removeSubject(id);
  await opening.refresh();
  onExpired(faceIds.length, subjects.length);
}
