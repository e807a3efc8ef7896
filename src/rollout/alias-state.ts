/** Moves of a model's aliases. Pure: a state and a change give the next state, or an error that says why not. */
import { FacepoolError } from '../contract/errors.ts';
import type { AliasChange, AliasState } from '../contract/rollout.ts';

export type Move =
  /** This version gets all traffic; what was stable is kept as `previous`. */
  | { readonly action: 'promote'; readonly version: string }
  | {
      readonly action: 'canary' | 'shadow';
      readonly version: string;
      readonly percent: number;
      /** Default true. */
      readonly autoRollback?: boolean | undefined;
    }
  /** No canary and no shadow any more. */
  | { readonly action: 'clear' }
  /** Away with canary and shadow; where there is neither, back to `previous`. */
  | { readonly action: 'rollback' }
  /** The version was removed: it is no way back any more. */
  | { readonly action: 'forget'; readonly version: string };

export type Author = { readonly at: Date; readonly by: string; readonly why: string };

/** So many changes are kept. */
export const KEPT_CHANGES = 200;

export function initialState(version: string, author: Author): AliasState {
  const empty = {
    generation: 0,
    configured: version,
    stable: version,
    canary: null,
    shadow: null,
    previous: null,
    history: [],
  };
  return { ...empty, history: [change(empty, 'configured', author)] };
}

/** The settings name another version than before: it is stable, and what was is kept as `previous`. */
export function reconfigured(state: AliasState, version: string, author: Author): AliasState {
  const isNew = version !== state.stable;
  const previous = isNew ? state.stable : state.previous;
  const moved = { ...state, configured: version, stable: version, canary: null, shadow: null, previous };
  const next = { ...moved, generation: state.generation + 1 };
  return { ...next, history: [...state.history, change(next, 'configured', author)].slice(-KEPT_CHANGES) };
}

/**
 * @param ifGeneration refuses with `conflict` where somebody else was faster
 * @throws FacepoolError `conflict`
 */
export function moveAliases(state: AliasState, move: Move, author: Author, ifGeneration?: number): AliasState {
  if (ifGeneration !== undefined && ifGeneration !== state.generation) {
    const detail = `the aliases are at generation ${state.generation}, not ${ifGeneration}: somebody changed them meanwhile`;
    throw new FacepoolError('conflict', detail, { param: 'if_generation' });
  }
  const moved = { ...state, ...target(state, move), generation: state.generation + 1 };
  const history = [...state.history, change(moved, move.action, author)].slice(-KEPT_CHANGES);
  return { ...moved, history };
}

/** What is canary or shadow. */
export function triedVersion({ canary, shadow }: Pick<AliasState, 'canary' | 'shadow'>): string | null {
  return (canary ?? shadow)?.version ?? null;
}

type Target = Partial<Pick<AliasState, 'stable' | 'canary' | 'shadow' | 'previous'>>;

function target(state: AliasState, move: Move): Target {
  switch (move.action) {
    case 'promote': {
      if (move.version === state.stable) throw new FacepoolError('conflict', `${move.version} is stable already`);
      return { stable: move.version, previous: state.stable, canary: null, shadow: null };
    }
    case 'canary':
    case 'shadow': {
      if (move.version === state.stable) throw new FacepoolError('conflict', `${move.version} is stable already`);
      const other = move.action === 'canary' ? state.shadow : state.canary;
      if (other !== null && other.version !== move.version) {
        throw new FacepoolError('conflict', `${other.version} is being tried; promote it or roll it back first`);
      }
      const kept = move.autoRollback === false ? { auto_rollback: false } : {};
      const share = { version: move.version, percent: move.percent, ...kept };
      return move.action === 'canary' ? { canary: share, shadow: null } : { canary: null, shadow: share };
    }
    case 'clear':
      return { canary: null, shadow: null };
    case 'rollback': {
      if (state.canary !== null || state.shadow !== null) return { canary: null, shadow: null };
      if (state.previous === null) throw new FacepoolError('conflict', 'there is no version to go back to');
      return { stable: state.previous, previous: state.stable };
    }
    case 'forget': {
      if (state.previous !== move.version) throw new FacepoolError('conflict', `${move.version} is no way back`);
      return { previous: null };
    }
  }
}

function change(state: Omit<AliasState, 'history'>, action: AliasChange['action'], author: Author): AliasChange {
  const { generation, stable, canary, shadow } = state;
  return { generation, at: author.at.toISOString(), by: author.by, action, stable, canary, shadow, why: author.why };
}
