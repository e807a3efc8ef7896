/** How a call ends when its process does. */
import { chargesRequest, classifyDeath, describeDeath } from '../scheduler/death.ts';
import type { Death } from '../scheduler/death.ts';

/** The child ended while a call was with it. */
export class ChildGoneError extends Error {
  readonly begun: boolean;
  /** True when this death counts against the request. */
  readonly charged: boolean;
  /** True when it ended for want of memory while it ran this request. */
  readonly outOfMemory: boolean;

  /** `suspect`: false for a call that had begun, but cannot have caused the death. */
  constructor(death: Death, begun: boolean, suspect: boolean = begun) {
    super(`worker ended: ${describeDeath(death)}`);
    this.name = 'ChildGoneError';
    this.begun = begun;
    const kind = classifyDeath(death);
    this.charged = suspect && chargesRequest(kind);
    this.outOfMemory = suspect && kind === 'oom';
  }
}
