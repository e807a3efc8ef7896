/** Prints the tables of metrics for docs/metrics.md; `--write` puts them there, each between its two marks. */
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import * as z from 'zod';
import { createMetrics } from '../src/telemetry/metrics.ts';

const DOCUMENT = fileURLToPath(new URL('../docs/metrics.md', import.meta.url));
/** Of prom-client itself: the process, its heap and its event loop. */
const DEFAULTS = /^facepool_(?:process|nodejs)_/;

const metricSchema = z.object({
  name: z.string(),
  help: z.string(),
  type: z.enum(['counter', 'gauge', 'histogram', 'summary']),
  labelNames: z.array(z.string()),
});
export type DeclaredMetric = z.infer<typeof metricSchema>;

/** Every metric that a server with all settings on can have, in the order of the exposition. */
export function declaredMetrics(): DeclaredMetric[] {
  const { registry } = createMetrics({ tritonNames: true });
  return registry.getMetricsAsArray().map((metric) => metricSchema.parse(metric));
}

const TABLES: Readonly<Record<string, (name: string) => boolean>> = {
  metrics: (name) => name.startsWith('facepool_') && !DEFAULTS.test(name),
  'process metrics': (name) => DEFAULTS.test(name),
  'triton names': (name) => name.startsWith('nv_'),
};

/** The document with fresh tables. */
export function withMetricsTables(document: string): string {
  const metrics = declaredMetrics();
  let fresh = document;
  for (const [mark, belongs] of Object.entries(TABLES)) {
    const rows = metrics
      .filter(({ name }) => belongs(name))
      .map(({ name, type, labelNames, help }) => {
        const labels = labelNames.map((label) => `\`${label}\``).join(', ');
        return `| \`${name}\` | ${type} | ${labels} | ${help.replaceAll('|', '\\|')} |`;
      });
    const table = ['| metric | type | labels | meaning |', '|---|---|---|---|', ...rows, ''].join('\n');
    const marks = new RegExp(`(<!-- ${mark} -->\\n)[\\s\\S]*(<!-- end of ${mark} -->)`);
    fresh = fresh.replace(marks, (_all, begin: string, end: string) => `${begin}${table}${end}`);
  }
  return fresh;
}

if (import.meta.main) {
  const fresh = withMetricsTables(readFileSync(DOCUMENT, 'utf8'));
  if (process.argv.includes('--write')) writeFileSync(DOCUMENT, fresh);
  else process.stdout.write(fresh);
}
