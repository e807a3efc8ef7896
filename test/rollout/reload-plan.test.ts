import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { loadSettings } from '../../src/config/load.ts';
import type { Settings } from '../../src/contract/settings.ts';
import { modelOf, planReload, type RunningView } from '../../src/rollout/reload-plan.ts';

const BASE = loadSettings({ env: {}, cwd: '/' });
const STILL: RunningView = {
  stable: (model) => BASE.models[model]?.version ?? '',
  mayMove: () => true,
  hasDevice: (device) => device === 'cpu',
};

/** Rows of the plan as `setting effect`. */
function plan(change: (settings: Settings) => void, view: RunningView = STILL, from: Settings = BASE): string[] {
  const next = structuredClone(from);
  change(next);
  return planReload(from, next, view).map(({ setting, effect }) => `${setting} ${effect}`);
}

function detector(settings: Settings): Settings['models'][string] {
  const found = settings.models['detector'];
  assert.ok(found !== undefined);
  return found;
}

describe('planReload', () => {
  it('has nothing to do where nothing differs', () =>
    assert.deepEqual(
      plan(() => {}),
      [],
    ));

  it('swaps to another version, and lets it start with the other new settings of its model', () => {
    const rows = plan((settings) => Object.assign(detector(settings), { version: 'v2', threads: 3, priority: 5 }));
    assert.deepEqual(rows.sort(), [
      'models.detector.priority applied',
      'models.detector.threads model_swapped',
      'models.detector.version model_swapped',
    ]);
  });

  it('only takes note of a version that serves already, and restarts it for what else differs', () => {
    const view = { ...STILL, stable: () => 'v2' };
    const rows = plan((settings) => Object.assign(detector(settings), { version: 'v2', threads: 3 }), view);
    assert.deepEqual(rows.sort(), ['models.detector.threads model_restarted', 'models.detector.version applied']);
  });

  it('moves to a device that has room, and to no other', () => {
    const move = (settings: Settings): void => void Object.assign(detector(settings), { device: 'cuda:1' });
    assert.deepEqual(plan(move), ['models.detector.device model_restarted']);
    const asked: string[] = [];
    const mayMove = (model: string, device: string): boolean => asked.push(`${model} ${device}`) < 0;
    assert.deepEqual(plan(move, { ...STILL, mayMove }), ['models.detector.device needs_restart']);
    assert.deepEqual(asked, ['detector cuda:1']);
  });

  it('adds a model that is new or switched on, with all of its settings', () => {
    const off = structuredClone(BASE);
    detector(off).enabled = false;
    assert.deepEqual(
      plan((settings) => Object.assign(detector(settings), { enabled: true, threads: 2 }), STILL, off).sort(),
      ['models.detector.enabled model_added', 'models.detector.threads model_added'],
    );
    const anime = (device: string) => (settings: Settings) => {
      settings.models['anime'] = { ...detector(settings), device };
    };
    assert.deepEqual(plan(anime('cpu')), ['models.anime model_added']);
    assert.deepEqual(plan(anime('cuda:1')), ['models.anime needs_restart'], 'no such device is scheduled');
  });

  it('removes a model that is gone or switched off, whatever else of it differs', () => {
    const both = ['models.detector.enabled model_removed', 'models.detector.pin model_removed'];
    assert.deepEqual(plan((settings) => Object.assign(detector(settings), { enabled: false, pin: true })).sort(), both);
    assert.deepEqual(
      plan((settings) => {
        delete settings.models['detector'];
      }),
      ['models.detector model_removed'],
    );
  });

  it('takes note of what is not served before and after', () => {
    const off = structuredClone(BASE);
    detector(off).enabled = false;
    assert.deepEqual(
      plan((settings) => Object.assign(detector(settings), { priority: 5, version: 'v2' }), STILL, off).sort(),
      ['models.detector.priority applied', 'models.detector.version applied'],
    );
    const anime = (settings: Settings): void => {
      settings.models['anime'] = { ...detector(settings), enabled: false };
    };
    assert.deepEqual(plan(anime), ['models.anime applied']);
  });

  it('holds a deadline to the longest one that is in force', () => {
    const both = (settings: Settings): void =>
      void Object.assign(settings.limits, { timeout_ms: 200_000, max_timeout_ms: 300_000 });
    assert.deepEqual(plan(both), ['limits.timeout_ms needs_restart', 'limits.max_timeout_ms needs_restart']);
    assert.deepEqual(
      plan((settings) => Object.assign(settings.limits, { timeout_ms: 1000 })),
      ['limits.timeout_ms applied'],
    );
  });
});

describe('modelOf', () => {
  it('is the model of a setting of one, and none of the rest', () => {
    const names = ['models.detector.pin', 'models.detector', 'limits.queue', 'alert_rules.hot.above'];
    assert.deepEqual(
      names.map((setting) => modelOf({ setting })),
      ['detector', 'detector', undefined, undefined],
    );
  });
});
