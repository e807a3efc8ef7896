/** `docs/api.md` says what the code does: its tables and its answers are checked against the contract. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { ERROR_CATALOGUE } from '../../src/contract/errors.ts';
import {
  alertsAnswerSchema,
  EVENT_TYPES,
  eventsAnswerSchema,
  gpuAnswerSchema,
  insightAnswerSchema,
} from '../../src/contract/history.ts';
import { OPTION_SCHEMAS, type OptionName, ROUTE_OPTIONS, type RouteName } from '../../src/contract/options.ts';
import { enrolAnswerSchema, peopleStatusSchema, searchAnswerSchema, subjectSchema } from '../../src/contract/people.ts';
import { reloadAnswerSchema } from '../../src/contract/reload.ts';
import {
  faceSchema,
  facesAnswerSchema,
  modelStatusSchema,
  planSchema,
  problemSchema,
  verifyAnswerSchema,
} from '../../src/contract/results.ts';
import { swapRequestSchema, swapSchema, versionsAnswerSchema } from '../../src/contract/rollout.ts';
import { OBSERVATORY_OPTIONS, OBSERVATORY_ROUTES } from '../../src/http/observatory-options.ts';
import { openApiDocument } from '../../src/http/openapi/document.ts';
import { allowedValues, parseOptions } from '../../src/http/options.ts';
import { toProblem } from '../../src/http/problem.ts';

const text = readFileSync(new URL('../../docs/api.md', import.meta.url), 'utf8');

/** The rows of the table whose head starts with `head`, as trimmed cells. */
function table(head: string): string[][] {
  const lines = text.split('\n');
  const start = lines.findIndex((line) => line.startsWith(`| ${head} |`));
  assert.notEqual(start, -1, `the table "${head}" exists`);
  const rows: string[][] = [];
  for (const line of lines.slice(start + 2)) {
    if (!line.startsWith('|')) break;
    rows.push(
      line
        .slice(1, -1)
        .split('|')
        .map((cell) => cell.trim()),
    );
  }
  return rows;
}

const examples = [...text.matchAll(/```json\n([\s\S]*?)```/g)].map((match): unknown => JSON.parse(match[1] ?? ''));

describe('docs/api.md', () => {
  it('lists the whole error catalogue, in its order', () => {
    assert.deepEqual(
      table('status'),
      Object.entries(ERROR_CATALOGUE).map(([code, { status, title }]) => [String(status), `\`${code}\``, title]),
    );
  });

  it('lists every option with its routes and what is allowed', () => {
    const rows = table('option');
    assert.deepEqual(
      rows.map(([name = '']) => name).toSorted((a, b) => a.localeCompare(b)),
      Object.keys(OPTION_SCHEMAS)
        .map((name) => `\`${name}\``)
        .toSorted((a, b) => a.localeCompare(b)),
    );
    for (const [cell = '', routes, allowed] of rows) {
      const name = cell.replaceAll('`', '') as OptionName;
      const own = (Object.keys(ROUTE_OPTIONS) as RouteName[]).filter((route) =>
        (ROUTE_OPTIONS[route] as readonly string[]).includes(name),
      );
      assert.equal(routes, own.join(', '), name);
      assert.equal(allowed, allowedValues(name), name);
    }
  });

  it('lists the queries of the routes that tell of the server', () => {
    const routes = Object.entries(OBSERVATORY_ROUTES) as [string, readonly string[]][];
    const expected = Object.keys(OBSERVATORY_OPTIONS).map((name) => [
      `\`${name}\``,
      routes.flatMap(([route, own]) => (own.includes(name) ? [route.slice(1)] : [])).join(', '),
    ]);
    assert.deepEqual(
      table('query').map(([name, own]) => [name, own]),
      expected,
    );
    for (const type of EVENT_TYPES) assert.ok(text.includes(`\`${type}\``), type);
  });

  it('lists the members of a swap', () => {
    assert.deepEqual(
      table('member').map(([name]) => name),
      Object.keys(swapRequestSchema.shape).map((name) => `\`${name}\``),
    );
  });

  it('names every address', () => {
    for (const [path, item] of Object.entries(openApiDocument('1').paths)) {
      const last = path.split('/').at(-1) ?? '';
      for (const [method, operation] of Object.entries(item)) {
        if (!['get', 'post', 'patch', 'delete'].includes(method) || !('tags' in operation)) continue;
        const address = `${method.toUpperCase()} /v1${path.replaceAll(/\{(\w+)\}/g, '<$1>')}`;
        // Actions that are alike share a line.
        const isTold = operation.tags.some((tag) => ['versions', 'observation', 'people'].includes(tag));
        assert.ok(text.includes(address) || (!isTold && text.includes(last)), address);
      }
    }
  });

  it('shows answers of the real shape', () => {
    const schemas = [
      facesAnswerSchema,
      faceSchema,
      verifyAnswerSchema,
      problemSchema,
      searchAnswerSchema,
      enrolAnswerSchema,
      problemSchema,
      subjectSchema,
      peopleStatusSchema,
      gpuAnswerSchema,
      eventsAnswerSchema,
      alertsAnswerSchema,
      insightAnswerSchema,
      swapSchema,
      versionsAnswerSchema,
      reloadAnswerSchema,
      modelStatusSchema,
      planSchema,
    ];
    assert.equal(examples.length, schemas.length);
    for (const [place, schema] of schemas.entries()) schema.parse(examples[place]);
  });

  it('shows the problem that the server makes', () => {
    const problem = problemSchema.parse(examples[3]);
    assert.throws(
      () => parseOptions('detect', [['treshold', '1']]),
      (error) => {
        assert.deepEqual(toProblem(error, problem.request_id), problem);
        return true;
      },
    );
  });
});
