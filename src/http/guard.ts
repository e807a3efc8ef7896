/** Who may call: the Host header against DNS rebinding, the Origin header against foreign web pages, CORS for known ones. */
import type { IncomingMessage } from 'node:http';
import type { NextFunction, Request, RequestHandler, Response } from 'express';
import { FacepoolError } from '../contract/errors.ts';
import type { Settings } from '../contract/settings.ts';

const PREFLIGHT_MAX_AGE_S = '600';
const CORS_METHODS = 'GET, HEAD, POST, PATCH, DELETE, OPTIONS';
const CORS_REQUEST_HEADERS =
  'Authorization, Content-Type, If-Match, Last-Event-ID, X-Api-Key, X-Client-Id, X-Request-Id';
const CORS_EXPOSED_HEADERS =
  'X-Request-Id, Content-Disposition, ETag, Location, Retry-After, RateLimit, RateLimit-Policy, WWW-Authenticate';

/** Host of a `Host` header or of a setting: lower case, without port, brackets and trailing dot; null when malformed. */
export function hostName(header: string): string | null {
  const text = header.trim().toLowerCase();
  const bracketed = /^\[([0-9a-f:.]+)\](?::\d{1,5})?$/.exec(text);
  if (bracketed !== null) return bracketed[1] ?? null;
  // A bare IPv6 address, as settings may have it; a Host header must bracket it, so no port can follow.
  if (/^[0-9a-f:.]*:[0-9a-f:.]*:[0-9a-f:.]*$/.test(text)) return text;
  const plain = /^([a-z0-9._-]+?)\.?(?::\d{1,5})?$/.exec(text);
  return plain?.[1] ?? null;
}

/** The address the client connected to. A page that rebinds a name cannot forge it: it would have to use the address itself. */
function ownAddress(req: IncomingMessage): string | undefined {
  return req.socket.localAddress?.toLowerCase().replace(/^::ffff:(?=\d+\.)/, '');
}

/** Refuses foreign hosts and origins with `forbidden`, answers preflights, and marks answers for allowed origins. */
export function guard(http: Pick<Settings['http'], 'allowed_hosts' | 'allowed_origins' | 'host'>): RequestHandler {
  let known = knownOf(http);

  return (req: Request, res: Response, next: NextFunction) => {
    // A reload brings other lists.
    if (known.from !== http.allowed_hosts || known.origin !== http.allowed_origins) known = knownOf(http);
    const { hosts, origins } = known;
    const host = hostName(req.headers.host ?? '');
    if (host === null || !(hosts.has(host) || host === ownAddress(req))) {
      throw new FacepoolError(
        'forbidden',
        'This Host is not served here. Add it to http.allowed_hosts if it is meant to be.',
      );
    }
    const origin = req.headers.origin;
    if (origin === undefined) {
      if (isForeignLoad(req)) throw foreign();
      return next();
    }

    res.setHeader('Vary', 'Origin');
    if (!origins.has(origin.toLowerCase())) {
      if (!isSameOrigin(origin, req.headers.host)) throw foreign();
      return next();
    }
    res.setHeader('Access-Control-Allow-Origin', origin);
    res.setHeader('Access-Control-Expose-Headers', CORS_EXPOSED_HEADERS);
    if (req.method !== 'OPTIONS' || req.headers['access-control-request-method'] === undefined) return next();
    res.setHeader('Access-Control-Allow-Methods', CORS_METHODS);
    res.setHeader('Access-Control-Allow-Headers', CORS_REQUEST_HEADERS);
    res.setHeader('Access-Control-Max-Age', PREFLIGHT_MAX_AGE_S);
    res.status(204).end();
  };
}

function knownOf(http: Pick<Settings['http'], 'allowed_hosts' | 'allowed_origins' | 'host'>) {
  return {
    from: http.allowed_hosts,
    origin: http.allowed_origins,
    hosts: new Set([...http.allowed_hosts, http.host].map(hostName)),
    origins: new Set(http.allowed_origins.map((origin) => origin.toLowerCase().replace(/\/$/, ''))),
  };
}

function foreign(): FacepoolError {
  return new FacepoolError(
    'forbidden',
    'This web origin may not call this server. Add it to http.allowed_origins if it is meant to.',
  );
}

/**
 * A browser asks for another site's page (a picture, a script, a form of old browsers) and does not say for whose. Such
 * a page could not read the answer, but keep streams open and models busy. Links that people follow are let in.
 */
function isForeignLoad({ method, headers }: IncomingMessage): boolean {
  const site = headers['sec-fetch-site'];
  if (site !== 'cross-site' && site !== 'same-site') return false;
  return headers['sec-fetch-mode'] !== 'navigate' || (method !== 'GET' && method !== 'HEAD');
}

/** Same host and port. The scheme is left out: behind a TLS proxy the page is https while we are asked over http. */
function isSameOrigin(origin: string, host: string | undefined): boolean {
  const url = URL.parse(origin);
  if (url === null || host === undefined) return false;
  return url.host === host.toLowerCase() || `${url.hostname}:${url.protocol === 'https:' ? 443 : 80}` === host;
}
