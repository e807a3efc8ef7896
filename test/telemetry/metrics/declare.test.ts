import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Registry } from 'prom-client';
import { declareOn, type Reading, stateSet } from '../../../src/telemetry/metrics/declare.ts';
import { series } from '../../fixtures/exposition.ts';

function setUp() {
  const registry = new Registry();
  return { registry, declare: declareOn(registry, 'facepool_') };
}

describe('a metric that is read at the scrape', () => {
  it('has the series that are known, and no longer those that are gone', async () => {
    const { registry, declare } = setUp();
    let readings: Reading<'gpu'>[] = [
      [{ gpu: 'a' }, 0],
      [{ gpu: 'b' }, 7],
      [{ gpu: 'c' }, null],
    ];
    declare.readings('heat', 'a test', ['gpu'], () => readings);
    declare.totals('errors_total', 'a test', ['gpu'], () => readings);
    assert.deepEqual(series(await registry.metrics(), 'heat', 'errors_total'), [
      'heat{gpu="a"} 0',
      'heat{gpu="b"} 7',
      'errors_total{gpu="a"} 0',
      'errors_total{gpu="b"} 7',
    ]);
    readings = [[{ gpu: 'b' }, 8]];
    assert.deepEqual(series(await registry.metrics(), 'heat', 'errors_total'), [
      'heat{gpu="b"} 8',
      'errors_total{gpu="b"} 8',
    ]);
  });

  it('is absent without labels too, not 0', async () => {
    const { registry, declare } = setUp();
    let value: number | null = null;
    declare.readings('load', 'a test', [], () => [[{}, value]]);
    declare.totals('stalls_total', 'a test', [], () => [[{}, value]]);
    assert.deepEqual(series(await registry.metrics(), 'load', 'stalls_total'), []);
    value = 2;
    assert.deepEqual(series(await registry.metrics(), 'load', 'stalls_total'), ['load 2', 'stalls_total 2']);
    value = null;
    assert.deepEqual(series(await registry.metrics(), 'load', 'stalls_total'), []);
  });

  it('may take its time, and two scrapes at once do not add up', async () => {
    const { registry, declare } = setUp();
    declare.totals('errors_total', 'a test', ['gpu'], async () => [[{ gpu: 'a' }, 3]]);
    const texts = await Promise.all([registry.metrics(), registry.metrics()]);
    for (const text of texts) assert.deepEqual(series(text, 'errors_total'), ['errors_total{gpu="a"} 3']);
  });
});

describe('stateSet', () => {
  it('is 1 for the present state and 0 for the others', () => {
    assert.deepEqual(
      [...stateSet(['ok', 'lost'], 'lost', { gpu: 'a' })],
      [
        [{ gpu: 'a', state: 'ok' }, 0],
        [{ gpu: 'a', state: 'lost' }, 1],
      ],
    );
  });
});
