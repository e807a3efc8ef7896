import { type AlertAnswer, alertsAnswerSchema } from '../../contract/history.ts';
import { alertLine, ALERT_STYLES, rounded, timeText } from '../alert-lines.ts';
import { usageError } from '../cli-error.ts';
import { type Command, takeWords } from '../command.ts';
import { parseDuration } from '../duration.ts';
import { EXIT } from '../exit-codes.ts';
import { type FitColumn, fitTable, widthOf } from '../fit.ts';
import { type Io, printJson, printLine } from '../io.ts';
import { readAlerts, understood } from '../observatory.ts';
import { clientFor } from '../client-for.ts';
import type { Cell } from '../table.ts';

const COLUMNS: readonly FitColumn[] = [
  { title: 'RULE', spare: 0 },
  { title: 'SUBJECT', spare: 1 },
  { title: 'STATE', spare: 0 },
  { title: 'VALUE', align: 'right', spare: 3 },
  { title: 'ABOVE', align: 'right', spare: 4 },
  { title: 'SINCE', spare: 5 },
  { title: 'SILENCED UNTIL', spare: 2 },
];

export const alerts: Command = {
  name: 'alerts',
  words: '',
  summary: 'each alert rule with what it looks at, and what fires',
  options: {},
  async run(invocation) {
    const { io } = invocation;
    takeWords('alerts', invocation.words, 0, 0, 'no word');
    const found = await readAlerts(clientFor(invocation));
    if (invocation.flag('json')) printJson(io, { alerts: found });
    else printAlerts(io, found);
    return EXIT.ok;
  },
};

export const alertsSilence: Command = {
  name: 'alerts silence',
  words: '<rule> <time>',
  summary: 'calls no webhook for a rule for 30m, 2h, 1d …; 0 ends it',
  details: ['The alert is still looked at, shown and recorded. A silence outlives the server; a week is the longest.'],
  options: {},
  async run(invocation) {
    const { io, words } = invocation;
    takeWords('alerts silence', words, 2, 2, 'a rule and a time, e.g. gpu-busy 2h');
    const [rule = '', time = ''] = words;
    const ms = time === '0' ? 0 : parseDuration(time);
    if (ms === undefined) throw usageError(`"${time}" is no length of time; e.g. 30m, 2h, 1d, or 0 to end a silence`);
    const path = `/v1/alerts/${encodeURIComponent(rule)}/silence?minutes=${ms / 60_000}`;
    const answer = await clientFor(invocation).json({ method: 'POST', path });
    const { alerts: found } = understood(alertsAnswerSchema, answer);
    if (invocation.flag('json')) printJson(io, { alerts: found });
    else
      printAlerts(
        io,
        found.filter((alert) => alert.rule === rule),
      );
    return EXIT.ok;
  },
};

/** The table, then a sentence for each that fires or is about to. */
function printAlerts(io: Io, found: readonly AlertAnswer[]): void {
  const width = widthOf(io);
  for (const line of fitTable(io, COLUMNS, found.map(row), width)) printLine(io.stdout, line);
  const open = found.filter(({ state }) => state === 'firing' || state === 'pending');
  if (open.length > 0) printLine(io.stdout);
  for (const alert of open) printLine(io.stdout, alertLine(io, alert, Number.POSITIVE_INFINITY));
}

function row(alert: AlertAnswer): Cell[] {
  return [
    alert.rule,
    alert.subject ?? '-',
    { text: alert.state.replace('_', ' '), style: ALERT_STYLES[alert.state] },
    alert.value === null ? '-' : rounded(alert.value),
    alert.above,
    alert.since === null ? '-' : timeText(alert.since),
    alert.silenced_until === null ? '-' : timeText(alert.silenced_until),
  ];
}
