import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { EVENT_TEXTS } from '../../src/telemetry/event-texts.ts';
import type { EventMap } from '../../src/telemetry/events.ts';

const at = Date.UTC(2026, 0, 1);
const move = { name: 'detector', version: 'yunet-n', workerId: 1, pid: 42, reason: 'because', at } as const;
const exit = { name: 'detector', workerId: 1, code: null, signal: 'SIGSEGV', reason: 'crash (SIGSEGV)', at } as const;

function toldOfMove(from: EventMap['worker.state']['from'], to: EventMap['worker.state']['to'], version = true) {
  const told = EVENT_TEXTS['worker.state']({ ...move, version: version ? 'yunet-n' : null, from, to });
  return told === null ? null : [told.type, told.severity, told.subject, told.text];
}

describe('events in words', () => {
  it('tell of the moves that matter to people and of no other', () => {
    assert.deepEqual(toldOfMove('stopped', 'starting'), ['start', 'info', 'detector', 'detector starts: because.']);
    assert.deepEqual(toldOfMove('warming', 'ready'), ['ready', 'info', 'detector', 'detector is ready (yunet-n).']);
    assert.deepEqual(toldOfMove('stopping', 'stopped'), ['stop', 'info', 'detector', 'detector stopped: because.']);
    assert.deepEqual(toldOfMove('backoff', 'failed'), ['failed', 'error', 'detector', 'detector failed: because.']);
    assert.deepEqual(toldOfMove('stopped', 'missing')?.slice(0, 2), ['failed', 'error']);
    for (const to of ['loading', 'warming', 'draining', 'stopping', 'backoff'] as const) {
      assert.equal(toldOfMove('ready', to), null, to);
    }
    assert.equal(toldOfMove('missing', 'stopped'), null, 'nothing ran');
  });

  it('tell of a quarantine once', () => {
    assert.equal(toldOfMove('ready', 'quarantined'), null, 'a model has an event of its own');
    assert.equal(toldOfMove('ready', 'quarantined', false)?.[0], 'quarantine');
    const told = EVENT_TEXTS['worker.quarantine']({ ...move, lastGoodAt: at, answered: 7 });
    assert.deepEqual([told?.type, told?.severity], ['quarantine', 'error']);
    assert.match(told?.text ?? '', /because \(7 answers since 2026-01-01T00:00:00\.000Z may be wrong\)\.$/);
    assert.match(EVENT_TEXTS['worker.quarantine']({ ...move, lastGoodAt: null, answered: 0 })?.text ?? '', /its start/);
  });

  it('name each death, and none that was asked for', () => {
    const told = (kind: string) => EVENT_TEXTS['worker.exit']({ ...exit, kind });
    assert.equal(told('asked'), null);
    assert.equal(told('quarantined'), null);
    assert.deepEqual([told('oom')?.type, told('oom')?.text], ['oom', 'detector ran out of memory: crash (SIGSEGV).']);
    assert.match(told('hang')?.text ?? '', /hung/);
    assert.match(told('killed')?.text ?? '', /from outside/);
    for (const kind of ['crash', 'killed', 'hang', 'exit', 'poisoned', 'something']) {
      assert.deepEqual([told(kind)?.type, told(kind)?.severity], ['crash', 'error'], kind);
      assert.equal(told(kind)?.details['kind'], kind);
    }
  });

  it('tell of restarts, evictions, tenants, troubles and probes', () => {
    const restart = EVENT_TEXTS['worker.restart']({ name: 'a', reason: 'signal', delayMs: 500, attempt: 2, at });
    assert.deepEqual([restart?.type, restart?.text], ['restart', 'a is started again after 0.5 s (signal).']);
    assert.deepEqual(restart?.details, { reason: 'signal', delay_ms: 500, attempt: 2 });
    assert.equal(
      EVENT_TEXTS['memory.evict']({ name: 'a', reason: 'idle', at })?.text,
      'a gives its memory back: idle.',
    );
    assert.match(EVENT_TEXTS['memory.tenant']({ name: 'llm', what: 'release', at })?.text ?? '', /is asked/);
    assert.match(EVENT_TEXTS['memory.tenant']({ name: 'llm', what: 'reacquire', at })?.text ?? '', /again/);
    assert.equal(EVENT_TEXTS['memory.trouble']({ what: 'unload', reason: 'no', at })?.severity, 'warning');
    assert.equal(EVENT_TEXTS['probe.failed']({ name: 'a', reason: 'cosine 0.4', at })?.type, 'probe_failure');
  });

  it('tell of cards by what is broken', () => {
    const xid = EVENT_TEXTS['gpu.event']({ type: 'xid', index: 1, uuid: 'GPU-1', xid: 79, at });
    assert.deepEqual([xid?.type, xid?.severity, xid?.subject], ['xid', 'error', 'GPU-1']);
    assert.match(xid?.text ?? '', /^GPU 1: Xid 79, the GPU fell off the bus.*; reboot/);
    assert.equal(EVENT_TEXTS['gpu.event']({ type: 'xid', index: 1, uuid: null, xid: 13, at })?.severity, 'warning');
    const lost = EVENT_TEXTS['gpu.event']({ type: 'gpu_lost', index: 0, uuid: null, at });
    assert.deepEqual([lost?.type, lost?.severity, lost?.subject], ['gpu_lost', 'error', 'cuda:0']);
    assert.equal(EVENT_TEXTS['gpu.event']({ type: 'gpu_back', index: 0, uuid: null, at })?.severity, 'info');
  });

  it('are calm about a machine without a card, and not about one whose card went', () => {
    const severity = (from: EventMap['gpu.driver']['from'], to: EventMap['gpu.driver']['to']) =>
      EVENT_TEXTS['gpu.driver']({ from, to, detail: '', at })?.severity;
    assert.equal(severity(null, 'no_library'), 'info');
    assert.equal(severity(null, 'ok'), 'info');
    assert.equal(severity(null, 'mismatch'), 'warning');
    assert.equal(severity('ok', 'no_driver'), 'error');
    assert.equal(severity('error', 'ok'), 'info');
    assert.equal(
      EVENT_TEXTS['gpu.driver']({ from: null, to: 'no_driver', detail: '', at })?.text,
      'NVIDIA driver: no driver.',
    );
  });

  it('tell of swaps, alerts, the history and the server', () => {
    const swap = { model: 'a', from: '1', to: '2', seconds: 1.25, reason: '', at } as const;
    assert.equal(EVENT_TEXTS['swap.end']({ ...swap, result: 'ok' })?.text, 'a was replaced (1 → 2) in 1.3 s.');
    assert.equal(EVENT_TEXTS['swap.end']({ ...swap, result: 'failed', reason: 'bad' })?.severity, 'error');
    assert.equal(EVENT_TEXTS['swap.end']({ ...swap, from: null, result: 'rolled_back' })?.severity, 'warning');
    const alert = {
      rule: 'hot',
      subject: 'GPU-1',
      severity: 'error',
      value: 90,
      above: 80,
      text: 'Too hot.',
      at,
    } as const;
    assert.deepEqual(
      [
        EVENT_TEXTS.alert({ ...alert, state: 'firing' })?.severity,
        EVENT_TEXTS.alert({ ...alert, state: 'resolved' })?.severity,
      ],
      ['error', 'info'],
    );
    assert.equal(EVENT_TEXTS.alert({ ...alert, state: 'firing' })?.text, 'Too hot.');
    assert.deepEqual(EVENT_TEXTS.history({ ok: false, detail: 'full', at })?.severity, 'warning');
    assert.equal(EVENT_TEXTS.server({ what: 'start', version: '1', detail: '', at })?.type, 'server_start');
    const reload = { ok: true, applied: ['log.level'], needsRestart: [], detail: '', at };
    assert.equal(EVENT_TEXTS.reload(reload)?.text, 'The configuration was read again: 1 setting applied.');
    assert.equal(
      EVENT_TEXTS.reload({ ...reload, applied: [], needsRestart: ['a', 'b'] })?.text,
      'The configuration was read again: 0 settings applied; 2 settings after a restart.',
    );
    const refused = EVENT_TEXTS.reload({ ...reload, ok: false, applied: [], detail: 'a: no\nb: no' });
    assert.equal(refused?.severity, 'error');
    assert.match(refused?.text ?? '', /not all of it could be used: a: no\.$/);
    assert.equal(
      EVENT_TEXTS.server({ what: 'stop', version: '1', detail: 'SIGTERM', at })?.text,
      'The server stops (1): SIGTERM.',
    );
  });

  it('are one line of bounded length, whatever the reason is', () => {
    const reason = `${'x'.repeat(1000)}\n    at secret (/home/me/file.ts:1:1)`;
    const told = EVENT_TEXTS['probe.failed']({ name: 'a', reason, at });
    assert.ok(told !== null && told.text.length < 320 && !told.text.includes('\n') && !told.text.includes('/home'));
  });
});
