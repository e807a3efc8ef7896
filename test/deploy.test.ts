/** What can be checked of the container image, the compose file and the systemd unit without running them. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';
import { z } from 'zod';
import { envName, SETTING_INDEX } from '../src/config/setting-index.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const read = (file: string): string => readFileSync(path.join(ROOT, file), 'utf8');
/** A Dockerfile's or unit's lines with continued ones joined, without comments. */
const linesOf = (text: string): string[] =>
  text
    .replaceAll(/^#.*\n/gm, '')
    .replaceAll(/\\\n\s*/g, ' ')
    .split('\n')
    .filter((line) => line !== '');
const KNOWN = new Set(SETTING_INDEX.map((spec) => envName(spec.path)));
const settingsIn = (text: string): string[] => [...new Set(text.match(/FACEPOOL_[A-Z_]+/g) ?? [])];

describe('Dockerfile', () => {
  const lines = linesOf(read('Dockerfile'));
  const copied = lines
    .filter((line) => line.startsWith('COPY ') && !line.includes('--from='))
    .flatMap((line) => line.split(' ').slice(1, -1));

  it('copies what exists and what .dockerignore lets in', () => {
    const ignore = read('.dockerignore').split('\n');
    assert.ok(copied.length > 5);
    assert.deepEqual(
      copied.filter((file) => !existsSync(path.join(ROOT, file)) || !ignore.includes(`!${file}`)),
      [],
    );
  });
  it('lets in nothing that it does not copy', () => {
    const letIn = read('.dockerignore')
      .split('\n')
      .filter((line) => line.startsWith('!'))
      .map((line) => line.slice(1));
    assert.deepEqual(
      letIn.filter((file) => !copied.includes(file)),
      [],
    );
  });
  it('ends as a user that is not root, with an init in front and a health check', () => {
    const last = lines.slice(lines.findLastIndex((line) => line.startsWith('FROM ')));
    assert.ok(last.includes('USER node'));
    assert.ok(last.includes('VOLUME /data'));
    assert.ok(last.some((line) => line.startsWith('HEALTHCHECK ') && line.includes('/healthz')));
    assert.ok(last.includes('ENTRYPOINT ["tini", "--", "node", "bin/facepool.mjs"]'));
  });
  it('does not go without keys by itself: it listens on every address', () => {
    const env = lines.filter((line) => line.startsWith('ENV ')).join(' ');
    assert.match(env, /FACEPOOL_HTTP_HOST=0\.0\.0\.0/);
    assert.doesNotMatch(env, /FACEPOOL_AUTH_MODE/);
  });
  it('sets only settings that exist', () =>
    assert.deepEqual(
      settingsIn(read('Dockerfile')).filter((name) => !KNOWN.has(name)),
      [],
    ));
});

describe('deploy/compose.yaml', () => {
  const schema = z.object({
    services: z.object({
      facepool: z.object({
        build: z.object({ context: z.string() }),
        ports: z.array(z.string()),
        environment: z.record(z.string(), z.string()),
        volumes: z.array(z.string()),
        read_only: z.literal(true),
        cap_drop: z.tuple([z.literal('ALL')]),
        security_opt: z.array(z.string()),
        stop_grace_period: z.string().regex(/^\d+s$/),
      }),
    }),
    volumes: z.record(z.string(), z.unknown()),
  });
  const { facepool } = schema.parse(parse(read('deploy/compose.yaml'))).services;

  it('publishes the port on this machine only', () => {
    assert.ok(
      facepool.ports.length > 0 && facepool.ports.every((port) => port.startsWith('127.0.0.1:')),
      facepool.ports.join(),
    );
  });
  it('goes without keys only while the port is this machine’s', () => {
    const open = facepool.environment['FACEPOOL_AUTH_MODE'] === 'disabled';
    assert.ok(!open || facepool.ports.every((port) => port.startsWith('127.0.0.1:')));
  });
  it('sets only settings that exist', () =>
    assert.deepEqual(
      Object.keys(facepool.environment).filter((name) => !KNOWN.has(name)),
      [],
    ));
  it('builds from the project', () =>
    assert.ok(existsSync(path.join(ROOT, 'deploy', facepool.build.context, 'Dockerfile'))));
  it('leaves longer to stop than the server takes', () => {
    const settings = z
      .object({ workers: z.object({ stop_wait_ms: z.number() }) })
      .parse(parse(read('config/default.yaml')));
    assert.ok(Number.parseInt(facepool.stop_grace_period, 10) * 1000 > settings.workers.stop_wait_ms);
  });
});

describe('deploy/systemd/facepool.service', () => {
  const unit = read('deploy/systemd/facepool.service');
  const lines = linesOf(unit);

  it('starts the command of this project', () => {
    const command = lines.find((line) => line.startsWith('ExecStart='));
    assert.equal(command, 'ExecStart=/usr/bin/env node /opt/facepool/bin/facepool.mjs start');
    assert.ok(existsSync(path.join(ROOT, 'bin/facepool.mjs')));
  });
  it('runs without rights of its own', () => {
    for (const line of [
      'DynamicUser=yes',
      'NoNewPrivileges=yes',
      'CapabilityBoundingSet=',
      'ProtectSystem=strict',
      'ProtectHome=yes',
    ]) {
      assert.ok(lines.includes(line), line);
    }
  });
  it('does not forbid the compilation of JavaScript', () =>
    assert.ok(!lines.some((line) => line.startsWith('MemoryDenyWriteExecute'))));
  it('sets only settings that exist', () =>
    assert.deepEqual(
      settingsIn(unit).filter((name) => !KNOWN.has(name)),
      [],
    ));
});
