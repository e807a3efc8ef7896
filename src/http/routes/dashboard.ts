/** The dashboard: the page at `/` for browsers, and its files. Open to all: the page itself asks for a key where one is needed. */
import { type Request, type Response, Router } from 'express';
import { FacepoolError } from '../../contract/errors.ts';
import { once } from '../../util/once.ts';
import { openToAll } from '../gate.ts';
import { addRoute } from '../route.ts';
import { sendJson } from '../send.ts';
import { readFolder, readStatic, sendStatic, type StaticFile } from '../static-files.ts';

const PUBLIC = new URL('../../dashboard/public/', import.meta.url);
const UPLOT = ['uPlot.esm.js', 'uPlot.min.css'];
const PREFIX = '/dashboard/';

/** Everything comes from here and nothing is inline, so that no text that is shown can become a script. */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' blob: data:",
  "connect-src 'self'",
  "media-src 'self' blob:",
  "font-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

/** What the page has to know before it asks the API: no secret. */
export type DashboardConfig = {
  readonly version: string;
  /** Requests need an API key. */
  readonly keys_needed: boolean;
  /** The admin routes answer on this port, to keys of the scope admin. */
  readonly admin_http: boolean;
};

export type Dashboard = {
  readonly router: Router;
  /** Sends the page. */
  readonly sendPage: (req: Request, res: Response) => void;
};

/** The files are read when the first of them is asked for: a server that nobody looks at starts sooner. */
export function createDashboard(config: DashboardConfig): Dashboard {
  const files = once(readFiles);
  const send = (req: Request, res: Response, name: string): void => {
    const file = files().get(name);
    if (file === undefined) throw new FacepoolError('not_found', 'The dashboard has no such file.');
    res.setHeader('Content-Security-Policy', POLICY);
    res.setHeader('Permissions-Policy', 'camera=(self)');
    sendStatic(req, res, file);
  };
  const router = Router();
  addRoute(router, 'get', `${PREFIX}config.json`, 'dashboard', openToAll, (_req, res) => sendJson(res, config));
  addRoute(router, 'get', `${PREFIX}*name`, 'dashboard', openToAll, (req, res) => {
    send(req, res, req.path.slice(PREFIX.length));
  });
  return { router, sendPage: (req, res) => send(req, res, 'index.html') };
}

function readFiles(): ReadonlyMap<string, StaticFile> {
  const files = readFolder(PUBLIC);
  for (const name of UPLOT) {
    const file = readStatic(new URL(import.meta.resolve(`uplot/dist/${name}`)));
    if (file !== null) files.set(`vendor/uplot/${name}`, file);
  }
  return files;
}
