/** The life of the workers, as lines in the log. */
import type { Events } from './events.ts';
import type { Logger } from './logger.ts';

const BAD_STATES: ReadonlySet<string> = new Set(['backoff', 'failed', 'quarantined', 'missing']);

export function logEvents(events: Events, log: Logger): void {
  // `pid` is the field of who writes the line.
  events.on('worker.state', ({ at: _at, pid, ...rest }) => {
    const move = { ...rest, worker_pid: pid };
    const line = `${move.name} ${move.to}: ${move.reason}`;
    if (BAD_STATES.has(move.to)) log.warn(move, line);
    else if (move.to === 'ready' || move.to === 'stopped') log.info(move, line);
    else log.debug(move, line);
  });
  events.on('worker.exit', ({ at: _at, ...exit }) => {
    log.info(exit, `${exit.name} process ended: ${exit.reason}`);
  });
  events.on('worker.restart', ({ at: _at, ...restart }) => {
    log.info(restart, `${restart.name} starts again after ${restart.delayMs} ms (${restart.reason})`);
  });
  events.on('worker.quarantine', ({ at, lastGoodAt, ...worker }) => {
    const lastGood = lastGoodAt === null ? null : new Date(lastGoodAt).toISOString();
    const window = { last_good: lastGood, until: new Date(at).toISOString() };
    const doubt = `proven last ${lastGood ?? 'never'}, ${worker.answered} inferences answered since`;
    log.error({ ...worker, ...window }, `${worker.name} is quarantined: ${worker.reason} (${doubt})`);
  });
  events.on('memory.evict', ({ at: _at, ...evict }) => {
    log.info({ model: evict.name, reason: evict.reason }, `${evict.name} gives its memory back: ${evict.reason}`);
  });
  events.on('memory.tenant', ({ at: _at, ...tenant }) => {
    log.info({ tenant: tenant.name, what: tenant.what }, `tenant ${tenant.name}: ${tenant.what}`);
  });
  events.on('alert', ({ at: _at, subject, ...rest }) => {
    // A field named subject is a person's, and never logged.
    const alert = { ...rest, about: subject };
    if (alert.state === 'firing') log.warn(alert, `alert ${alert.rule}: ${alert.text}`);
    else log.info(alert, `alert ${alert.rule} is over: ${alert.text}`);
  });
  events.on('gpu.driver', ({ at: _at, ...driver }) => {
    // A machine without a card is no news.
    if (driver.from === null && driver.to !== 'error') log.debug(driver, `NVIDIA driver: ${driver.detail}`);
    else log.warn(driver, `NVIDIA driver is ${driver.to}: ${driver.detail}`);
  });
  events.on('gpu.event', ({ at: _at, ...event }) => {
    log.warn(
      event,
      event.type === 'xid' ? `GPU ${event.index}: Xid ${event.xid}` : `GPU ${event.index}: ${event.type}`,
    );
  });
  events.on('history', ({ at: _at, ...history }) => {
    if (history.ok) log.info(history, 'the history on disk works again');
    else log.warn(history, `the history on disk fails: ${history.detail}`);
  });
  events.on('reload', ({ at: _at, detail, ...reload }) => {
    const { applied, needsRestart } = reload;
    if (!reload.ok) log.error(reload, `the configuration was read again, and not all of it could be used: ${detail}`);
    else
      log.info(
        reload,
        `the configuration was read again: ${applied.length} applied, ${needsRestart.length} after a restart`,
      );
  });
  events.on('swap.end', ({ at: _at, ...swap }) => {
    const line = `${swap.model}: ${swap.from ?? 'nothing'} → ${swap.to}: ${swap.result} after ${swap.seconds.toFixed(1)} s`;
    if (swap.result === 'ok') log.info(swap, line);
    else log.warn(swap, `${line}: ${swap.reason}`);
  });
  events.on('memory.trouble', ({ at: _at, ...trouble }) => {
    log.warn(trouble, `${trouble.what} failed: ${trouble.reason}`);
  });
}
