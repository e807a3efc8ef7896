/** Which versions may answer whom, and when: what a swap promises, kept beside the server and not taken from it. */
import { isChosen } from '../../../src/rollout/split.ts';

type Span = { readonly version: string; readonly from: number; until: number };
/** A share of the clients gets `canary`, always the same ones. */
export type Split = { readonly canary: string; readonly percent: number };
type Phase = { readonly from: number; until: number; readonly rule: Split | null };

/** Versions of an answer: model → what it says of it. */
export type SaidModels = Readonly<Record<string, { readonly version: string; readonly alias: string }>>;

export class Ledger {
  readonly #now: () => number;
  readonly #spans = new Map<string, Span[]>();
  readonly #phases = new Map<string, Phase>();

  constructor(stable: Readonly<Record<string, string>>, now: () => number) {
    this.#now = now;
    for (const [model, version] of Object.entries(stable)) {
      this.#spans.set(model, [{ version, from: Number.NEGATIVE_INFINITY, until: Number.POSITIVE_INFINITY }]);
    }
  }

  /** From now on the version may answer. */
  open(model: string, version: string): void {
    this.#spansOf(model).push({ version, from: this.#now(), until: Number.POSITIVE_INFINITY });
  }

  /** Requests that are sent from now on must not be answered by it. */
  close(model: string, version: string): void {
    const now = this.#now();
    for (const span of this.#spansOf(model)) if (span.version === version) span.until = Math.min(span.until, now);
  }

  /** From now on it is known who gets which version: null ends that. */
  split(model: string, rule: Split | null): void {
    const now = this.#now();
    const before = this.#phases.get(model);
    if (before !== undefined) before.until = now;
    this.#phases.set(model, { from: now, until: Number.POSITIVE_INFINITY, rule });
  }

  /** What is wrong with who answered; null where all is right. Asked when the answer is there. */
  check(models: SaidModels, client: string, sent: number): string | null {
    for (const [model, { version, alias }] of Object.entries(models)) {
      const allowed = this.#spansOf(model).filter((span) => span.until > sent);
      if (!allowed.some((span) => span.version === version)) {
        return `${model} ${version} answered; allowed were ${allowed.map((span) => span.version).join(', ')}`;
      }
      const phase = this.#phases.get(model);
      if (phase === undefined || phase.rule === null || phase.from > sent) continue;
      const { canary, percent } = phase.rule;
      const wanted = isChosen(model, client, percent);
      if (wanted !== (version === canary)) {
        return `${model} ${version} answered ${client}, who ${wanted ? 'is' : 'is not'} of the ${percent} % of ${canary}`;
      }
      if (alias !== (wanted ? 'canary' : 'stable')) return `${model} ${version} answered as ${alias}`;
    }
    return null;
  }

  #spansOf(model: string): Span[] {
    const spans = this.#spans.get(model);
    if (spans === undefined) throw new Error(`no model ${model}`);
    return spans;
  }
}
