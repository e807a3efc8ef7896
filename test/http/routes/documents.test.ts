import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import { fakeChanges } from '../support/changes.ts';
import { startServer, type TestServer, VERSION } from '../support/server.ts';

describe('documents', () => {
  let server: TestServer;
  before(async () => {
    server = await startServer({ changes: fakeChanges() });
  });
  after(() => server.close());

  const get = (path: string, accept = '*/*') => fetch(server.url + path, { headers: { Accept: accept } });

  it('GET / is a text for programs and a page for browsers', async () => {
    const text = await get('/');
    assert.match(text.headers.get('content-type') ?? '', /^text\/plain/);
    assert.match(await text.text(), new RegExp(`^facepool ${VERSION}\\n {2}POST /v1/detect `));
    const page = await get('/', 'text/html,application/xhtml+xml,*/*;q=0.8');
    assert.match(page.headers.get('content-type') ?? '', /^text\/html/);
    assert.match(await page.text(), /<a href="\/docs">/);
    assert.match(page.headers.get('vary') ?? '', /Accept/);
  });

  it('every address of the index exists', async () => {
    const lines = (await (await get('/')).text()).split('\n').slice(1);
    const addresses = lines.flatMap((line) => /^ {2}(GET|POST) (\S+)/.exec(line)?.slice(1) ?? []);
    assert.ok(addresses.length >= 20);
    for (let i = 0; i < addresses.length; i += 2) {
      const answer = await fetch(server.url + addresses[i + 1], { method: addresses[i] ?? '' });
      assert.notEqual(answer.status, 404, addresses[i + 1]);
      assert.notEqual(answer.status, 405, addresses[i + 1]);
    }
  });

  it('GET /openapi.json is JSON and the same under /v1', async () => {
    const [a, b] = [await get('/openapi.json'), await get('/v1/openapi.json')];
    assert.match(a.headers.get('content-type') ?? '', /^application\/json/);
    const document = (await a.json()) as { info: { version: string } };
    assert.equal(document.info.version, VERSION);
    assert.deepEqual(await b.json(), document);
  });

  for (const path of ['/', '/docs']) {
    it(`the page ${path} needs nothing from outside, and its policy allows exactly its style`, async () => {
      const answer = await get(path, 'text/html');
      const html = await answer.text();
      assert.doesNotMatch(html, /<script|<link|<img|<iframe|src=|url\(|@import|https?:\/\//i);
      const style = /<style>([\s\S]*?)<\/style>/.exec(html)?.[1] ?? '';
      const hash = createHash('sha256').update(style).digest('base64');
      const policy = answer.headers.get('content-security-policy') ?? '';
      assert.match(policy, /default-src 'none'/);
      assert.ok(policy.includes(`style-src 'sha256-${hash}'`), policy);
    });
  }

  it('GET /docs shows every route and option', async () => {
    const html = await (await get('/docs')).text();
    for (const text of [
      'POST /v1/detect',
      'POST /v1/verify',
      'GET /v1/readyz',
      'det_threshold',
      'ood_policy',
      'queue_full',
    ]) {
      assert.ok(html.includes(text), text);
    }
  });
});
