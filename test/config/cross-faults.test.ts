import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type Given, problemsOf } from '../fixtures/config/load.ts';

const tenant = (keys: string): Given => ({ yaml: `tenants:\n  llm: {${keys}}\n` });
const asked = (release: string): Given => tenant(`device: cpu, holds_mb: 5, release: {${release}}`);

describe('what no single setting can be blamed for', () => {
  const table: [string, Given, RegExp][] = [
    [
      'a default above the most',
      { yaml: 'limits: {timeout_ms: 200000}\n' },
      /^limits\.timeout_ms \(my\.yaml:1\): 200000 is not allowed; allowed: no more than limits\.max_timeout_ms, which is 120000 \(config\/default\.yaml:\d+\)$/,
    ],
    [
      'two budgets for a device',
      { yaml: 'memory: {budgets: [cpu=1, cpu=2]}\n' },
      /^memory\.budgets \(my\.yaml:1\): .*; allowed: one budget for each device; cpu has two$/,
    ],
    [
      'tenant that is asked twice',
      asked('url: "http://a/", command: [x]'),
      /^tenants\.llm\.release\.command \(my\.yaml:2\): \["x"\] is not allowed; allowed: none beside a url/,
    ],
    [
      'tenant with another kind of address',
      asked('url: "ftp://a/"'),
      /^tenants\.llm\.release\.url \(my\.yaml:2\): "ftp:\/\/a\/" is not allowed; allowed: an address that begins with http:\/\/ or https:\/\/$/,
    ],
    ['tenant without http', asked('url: "127.0.0.1:9292/unload"'), /allowed: an address that begins with http/],
    ['tenant with half an address', asked('url: "http://"'), /allowed: an address that begins with http/],
    [
      'tenant with a body that is no JSON',
      asked('url: "http://a/", body: "{x"'),
      /release\.body .*allowed: JSON, or nothing$/,
    ],
    [
      'tenant with a body that GET cannot carry',
      asked('url: "http://a/", method: GET, body: "{}"'),
      /release\.body .*allowed: none with the method GET/,
    ],
    ['tenant with another method', asked('url: "http://a/", method: PATCH'), /allowed: one of GET, POST, PUT, DELETE$/],
    [
      'tenant with a nameless command',
      asked('command: [""]'),
      /release\.command .*allowed: a program, then its arguments$/,
    ],
  ];
  for (const [name, given, message] of table) {
    it(name, (t) => {
      const problems = problemsOf(t, given);
      assert.equal(problems.length, 1, problems.join('\n'));
      assert.match(problems[0] ?? '', message);
    });
  }
});
