/** What people order, as changes of one model's state. */
import type { RefusalCode } from './events.ts';
import type { DownReason, ModelState } from './state.ts';

export type Command = 'load' | 'unload' | 'stop' | 'start' | 'restart' | 'pin' | 'unpin';

/**
 * `goesDown`: whoever waits is refused, nothing loads it any more. `stops`: its process must end, busy or not.
 * `recycles`: its process is replaced in place.
 */
export function obey(
  model: ModelState,
  command: Command,
): { readonly goesDown: boolean; readonly stops: boolean; readonly recycles: boolean } {
  switch (command) {
    case 'pin':
    case 'unpin':
      model.config = { ...model.config, pinned: command === 'pin' };
      break;
    case 'load':
      model.loadAsked = model.down === null && model.phase !== 'ready' && model.phase !== 'starting';
      model.notBefore = 0;
      break;
    case 'unload':
      model.unloadAsked = model.phase === 'ready';
      break;
    case 'start':
      model.down = null;
      if (model.phase === 'down') model.phase = 'unloaded';
      model.loadAsked = model.phase === 'unloaded' || model.phase === 'ending';
      model.notBefore = 0;
      break;
    case 'restart':
      model.down = null;
      if (model.phase === 'ready' || model.phase === 'starting')
        return { goesDown: false, stops: false, recycles: true };
      if (model.phase === 'down') model.phase = 'unloaded';
      model.loadAsked = true;
      model.notBefore = 0;
      break;
    case 'stop':
      if (model.phase === 'unloaded') model.phase = 'down';
      return { goesDown: true, stops: model.phase === 'ready' || model.phase === 'starting', recycles: false };
  }
  return { goesDown: false, stops: false, recycles: false };
}

/** A failed model may be tried again; the next request, or its residency, does so. */
export function revive(model: ModelState): void {
  if (model.down !== 'failed') return;
  model.down = null;
  if (model.phase === 'down') model.phase = 'unloaded';
}

/** How a request for a model that is down is refused. */
export function downCode(reason: DownReason): RefusalCode {
  return `model_${reason}`;
}
