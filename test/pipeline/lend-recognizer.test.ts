import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { RecognizerManifest } from '../../src/contract/manifest.ts';
import type { AliasState } from '../../src/contract/rollout.ts';
import { type LendDeps, lendRecognizer } from '../../src/pipeline/lend-recognizer.ts';
import type { KnownVersion } from '../../src/rollout/ports.ts';
import type { NamedRouter } from '../../src/router/routers.ts';
import { DETECTOR, RECOGNIZER } from '../fixtures/pipeline.ts';

const manifestIn = (space: string, version: string): RecognizerManifest => ({
  ...RECOGNIZER,
  version,
  recognizer: { ...RECOGNIZER.recognizer, space },
});

type Aliases = Partial<Pick<AliasState, 'stable' | 'previous'>> & {
  readonly canary?: string;
  readonly shadow?: string;
};

/** Version → space. `entries`: those that have one. `down`: of them, those whose process is not ready. */
function setUp(
  versions: Readonly<Record<string, string>>,
  entries: readonly string[],
  given: Aliases,
  down: readonly string[] = [],
) {
  const there = new Set(entries);
  const log: string[] = [];
  const held = new Map<string, number>();
  const share = (version: string | undefined) => (version === undefined ? null : { version, percent: 10 });
  const { stable = 'v1', previous = null, canary, shadow } = given;
  const state: AliasState = {
    generation: 0,
    configured: stable,
    stable,
    previous,
    canary: share(canary),
    shadow: share(shadow),
    history: [],
  };
  const nameOf = (version: string): string => (version === stable ? 'recognizer' : `recognizer@${version}`);
  const routers = (): Map<string, NamedRouter> =>
    new Map(
      [...there].map((version) => [
        nameOf(version),
        {
          name: 'recognizer',
          manifest: versions[version] === undefined ? DETECTOR : manifestIn(versions[version], version),
          router: { infer: () => Promise.reject(new Error('nothing is run')) },
          maxBatch: () => 1,
          ref: () => ({ version, alias: 'stable', provider: 'cpu' }),
          opinions: () => true,
        } satisfies NamedRouter,
      ]),
    );
  const deps: LendDeps = {
    aliases: (model) => (model === 'recognizer' ? state : null),
    ports: {
      entryOf: (_, version) => (there.has(version) ? nameOf(version) : null),
      entries: (model) =>
        (model !== 'recognizer' ? [] : [...there]).map((version) => ({ entry: nameOf(version), version })),
      state: (entry) => {
        const isReady = !down.some((version) => nameOf(version) === entry);
        return { state: isReady ? 'ready' : 'stopped', reason: '', isReady, memoryBytes: null };
      },
      listVersions: async () => {
        log.push('reads the versions');
        const sound = Object.entries(versions).map(
          ([version, space]): KnownVersion => ({
            version,
            source: 'staged',
            manifest: manifestIn(space, version),
            problem: null,
          }),
        );
        return [...sound, { version: 'broken', source: 'staged', manifest: null, problem: 'line 3' }];
      },
      add: (_, version) => {
        log.push(`adds ${version}`);
        there.add(version);
        return nameOf(version);
      },
      keepWarm: (entry, ms) => void log.push(`keeps ${entry} for ${ms}`),
    },
    routerOf: (entry) => routers().get(entry),
    hold: (entry) => {
      held.set(entry, (held.get(entry) ?? 0) + 1);
      return () => void held.set(entry, (held.get(entry) ?? 0) - 1);
    },
    keepWarmMs: () => 600,
    onNobody: async (space) => void log.push(`nobody is in ${space}`),
  };
  const lend = lendRecognizer(deps);
  const versionIn = async (space: string) => {
    const { model, end } = await lend('recognizer', space);
    end();
    return model.ref().version;
  };
  return { lend, versionIn, log, held };
}

test('of several, the one that serves first; each is held until it is given back', async () => {
  const versions = { v1: 'a', v2: 'b', v3: 'a', v4: 'c' };
  const { lend, versionIn, log, held } = setUp(versions, ['v1', 'v2', 'v3', 'v4'], {
    canary: 'v3',
    shadow: 'v2',
    previous: 'v4',
  });
  assert.deepEqual([await versionIn('a'), await versionIn('b'), await versionIn('c')], ['v1', 'v2', 'v4']);
  const { model, end } = await lend('recognizer', 'b');
  assert.deepEqual([model.name, model.manifest.recognizer.space, held.get('recognizer@v2')], ['recognizer', 'b', 1]);
  end();
  assert.deepEqual([held.get('recognizer@v2'), log], [0, []], 'nothing is read from the disk');
});

test('one that was taken back still helps as long as it is there; one that does not run does not', async () => {
  const versions = { v1: 'a', v2: 'b', v3: 'c' };
  const { versionIn } = setUp(versions, ['v1', 'v2', 'v3'], {}, ['v3']);
  assert.equal(await versionIn('b'), 'v2');
  await assert.rejects(versionIn('c'), { code: 'space_mismatch' });
});

test('after a restart, what is tried and what a rollback goes back to get their entries when they are needed', async () => {
  const { versionIn, log, held } = setUp({ v1: 'a', v2: 'b', v3: 'c' }, ['v1'], { shadow: 'v2', previous: 'v3' });
  assert.equal(await versionIn('c'), 'v3');
  assert.deepEqual(log.splice(0), ['reads the versions', 'adds v3', 'keeps recognizer@v3 for 600']);
  assert.equal(held.get('recognizer@v3'), 0);
  assert.deepEqual(await Promise.all([versionIn('b'), versionIn('b')]), ['v2', 'v2']);
  assert.equal(log.filter((line) => line === 'adds v2').length, 1, 'one entry for both');
  assert.equal(await versionIn('c'), 'v3');
});

test('who is nobody is told, and only then refused', async () => {
  const { lend, log } = setUp({ v1: 'a', v2: 'b' }, ['v1'], {});
  await assert.rejects(lend('recognizer', 'b'), { code: 'space_mismatch', message: /no version of recognizer .* "b"/ });
  assert.deepEqual(log, ['reads the versions', 'nobody is in b'], 'v2 is registered, and means nothing');
  await assert.rejects(lend('somebody', 'a'), { code: 'space_mismatch' });
});

test('a version of another role, or one that is gone from the disk, is nobody', async () => {
  const { versionIn, log } = setUp({ v1: 'a' }, ['v1', 'odd'], { canary: 'odd', shadow: 'broken', previous: 'gone' });
  await assert.rejects(versionIn('b'), { code: 'space_mismatch' });
  assert.ok(!log.some((line) => line.startsWith('adds')));
});
