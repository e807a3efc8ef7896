/** The index, `openapi.json` and the page made from it, each made once: the document when it is first asked for. */
import { Router } from 'express';
import { escapeHtml, htmlPage, sendHtml } from '../html.ts';
import { openToAll } from '../gate.ts';
import { addRoute } from '../route.ts';
import { once } from '../../util/once.ts';
import { send } from '../send.ts';
import type { Dashboard } from './dashboard.ts';

const JSON_TYPE = 'application/json; charset=utf-8';

const ADDRESSES: readonly (readonly [address: string, meaning: string])[] = [
  ['POST /v1/detect', 'find faces'],
  ['POST /v1/recognize', 'find faces and say who they are'],
  ['POST /v1/verify', 'compare the faces of two pictures'],
  ['POST /v1/liveness', 'live or spoof'],
  ['POST /v1/embed', 'vectors of faces'],
  ['POST /v1/search', 'who is it'],
  ['GET /v1/people', 'how many people are known'],
  ['GET /v1/collections', 'collections of people'],
  ['GET /v1/models', 'every process and its state'],
  ['GET /v1/swaps', 'updates of models'],
  ['GET /v1/gpu', 'GPUs, CPU and processes, now'],
  ['GET /v1/history', 'the same over time'],
  ['GET /v1/gpu/history', 'of GPUs alone, also as CSV'],
  ['GET /v1/events', 'what happens, as it happens'],
  ['GET /v1/alerts', 'alert rules and their states'],
  ['GET /v1/insight', 'findings in words'],
  ['GET /healthz', 'the process answers'],
  ['GET /readyz', 'every model answers'],
  ['GET /metrics', 'for Prometheus'],
  ['GET /openapi.json', 'the API, for programs'],
  ['GET /docs', 'the API, for people'],
];

/** `/openapi.json` and `/docs`, mounted at the root and under `/v1`. */
export function documentsRouter(version: string, keysNeeded: boolean): Router {
  const router = Router();
  // Not at start, which making it would make 20 ms longer, and reading its modules 10.
  const made = once(async () => {
    const { openApiDocument } = await import('../openapi/document.ts');
    const { docsPage } = await import('../openapi/docs-page.ts');
    const document = openApiDocument(version, keysNeeded);
    return { json: JSON.stringify(document), page: docsPage(document) };
  });
  addRoute(router, 'get', '/openapi.json', 'openapi', openToAll, async (_req, res) =>
    send(res, JSON_TYPE, (await made()).json),
  );
  addRoute(router, 'get', '/docs', 'docs', openToAll, async (_req, res) => sendHtml(res, (await made()).page));
  return router;
}

/**
 * `/`: the dashboard for browsers, and what there is as text for everyone else.
 * @param dashboard null: browsers get the list as a page
 */
export function indexRouter(version: string, dashboard: Pick<Dashboard, 'sendPage'> | null): Router {
  const router = Router();
  const width = Math.max(...ADDRESSES.map(([address]) => address.length)) + 2;
  const text = [`facepool ${version}`, ...ADDRESSES.map(([a, b]) => `  ${a.padEnd(width)}${b}`), ''].join('\n');
  const page = htmlPage(
    `facepool ${version}`,
    `<h1>facepool <small>${escapeHtml(version)}</small></h1>${indexTable()}`,
  );
  addRoute(router, 'get', '/', 'index', openToAll, (req, res) => {
    res.vary('Accept');
    if (req.accepts(['text', 'html']) === 'html') {
      if (dashboard === null) sendHtml(res, page);
      else dashboard.sendPage(req, res);
    } else send(res, 'text/plain; charset=utf-8', text);
  });
  return router;
}

function indexTable(): string {
  const rows = ADDRESSES.map(([address, meaning]) => {
    const [method, path] = address.split(' ');
    const cell =
      method === 'GET' ? `GET <a href="${escapeHtml(path ?? '')}">${escapeHtml(path ?? '')}</a>` : escapeHtml(address);
    return `<tr><td><code>${cell}</code></td><td>${escapeHtml(meaning)}</td></tr>`;
  });
  return `<table>${rows.join('\n')}</table>`;
}
