/** What a storm does, swap by swap: the same for the same seed. */
import { picker } from '../../fixtures/random.ts';
import { FAULTS, type SwapFault } from './swap-faults.ts';
import { type Look, type ModelName, MODELS } from './swap-parts.ts';

export const KINDS = [
  'immediate',
  'canary, promoted',
  'canary, rolled back',
  'shadow, promoted',
  'shadow, rolled back',
  'immediate, then back',
] as const;
export type Kind = (typeof KINDS)[number];

export type Plan = {
  readonly model: ModelName;
  readonly kind: Kind;
  readonly look: Look;
  /** Where the version comes from: weights of its own are imported by the swap; an upload was imported before. */
  readonly source: 'same weights' | 'own weights' | 'upload';
  readonly percent: number;
  readonly fault: SwapFault | null;
};

/** Every fourth is broken. Kinds and faults come in turn, so that a long storm has them all. */
export function planStorm(swaps: number, seed: number): Plan[] {
  const { pick, below } = picker(seed);
  const faults = shuffled(FAULTS, below);
  let sound = below(KINDS.length);
  let broken = 0;
  return Array.from({ length: swaps }, (_, i): Plan => {
    const isBroken = i % 4 === 2;
    return {
      model: MODELS[below(MODELS.length)] ?? 'detector',
      kind: (isBroken ? pick(KINDS) : KINDS[sound++ % KINDS.length]) ?? 'immediate',
      look: pick(['plain', 'strict'] as const) ?? 'plain',
      source: pick(['same weights', 'own weights', 'upload'] as const) ?? 'same weights',
      percent: pick([12.5, 33.3, 50]) ?? 50,
      fault: isBroken ? (faults[broken++ % faults.length] ?? null) : null,
    };
  });
}

function shuffled<T>(items: readonly T[], below: (n: number) => number): T[] {
  const list = [...items];
  for (let i = list.length - 1; i > 0; i--) {
    const j = below(i + 1);
    const [a, b] = [list[i], list[j]];
    if (a !== undefined && b !== undefined) [list[i], list[j]] = [b, a];
  }
  return list;
}

export function strategyOf(kind: Kind): 'immediate' | 'canary' | 'shadow' {
  if (kind.startsWith('canary')) return 'canary';
  return kind.startsWith('shadow') ? 'shadow' : 'immediate';
}
