/** The steps of a staging with their times. */
import type { StageProgress, StageStep } from '../../contract/versions.ts';

export type Steps = {
  /** Runs a step; what it resolves with becomes the detail of its end where `tell` says how. */
  run<T>(step: StageStep, work: () => Promise<T>, tell?: (done: T) => string): Promise<T>;
  /** Milliseconds of the steps that have ended. */
  times(): Partial<Record<StageStep, number>>;
};

export function stageSteps(onStep: (progress: StageProgress) => void = () => {}): Steps {
  const times: Partial<Record<StageStep, number>> = {};
  return {
    async run(step, work, tell) {
      const began = performance.now();
      onStep({ step, ms: null, detail: '' });
      const done = await work();
      const ms = Math.round((performance.now() - began) * 10) / 10;
      times[step] = ms;
      onStep({ step, ms, detail: tell?.(done) ?? '' });
      return done;
    },
    times: () => ({ ...times }),
  };
}
