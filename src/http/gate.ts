/** Which requests come in: API keys, their scopes and their rates. It decides before a byte of a body is read. */
import type { IncomingMessage } from 'node:http';
import type { NextFunction, Request, RequestHandler, Response } from 'express';
import { addressGroup } from '../auth/address.ts';
import { authenticate } from '../auth/authenticate.ts';
import { callerOf, setCaller } from '../auth/caller.ts';
import type { ApiKey } from '../auth/key-file.ts';
import type { KeyStore } from '../auth/key-store.ts';
import { RateLimiter } from '../auth/rate-limiter.ts';
import { grants, type Scope } from '../auth/scopes.ts';
import { keysNeeded } from '../auth/mode.ts';
import { FacepoolError } from '../contract/errors.ts';
import type { Settings } from '../contract/settings.ts';
import type { Clock } from '../util/clock.ts';
import { readCredentials } from './credentials.ts';
import { stateOf } from './request-state.ts';

/** `any key`: a valid one of whatever scope. */
export type Access = Scope | 'any key';
/** The check in front of a route. */
export type Gate = (access: Access) => RequestHandler;

export type GateDeps = {
  readonly settings: Pick<Settings, 'auth' | 'http'>;
  readonly keys: Pick<KeyStore, 'find'>;
  readonly clock: Pick<Clock, 'now' | 'date'>;
  /** Told of every key that was let in. */
  readonly onKeyUsed: (id: string) => void;
};

const REALM = 'Bearer realm="facepool"';
/** Name of the policy in the RateLimit fields; there is one. */
const POLICY = '"minute"';

/** Of requests that were let in: whether they still would be. */
const checks = new WeakMap<IncomingMessage, () => boolean>();

/**
 * For answers that go on for hours: false when the key of the request was revoked, has expired or has lost its scope.
 * Counts for no rate.
 */
export function isStillAllowed(req: IncomingMessage): boolean {
  return checks.get(req)?.() ?? true;
}

/** Of requests that were let in: the scopes of their keys. */
const scopes = new WeakMap<IncomingMessage, readonly Scope[]>();

/** Whether who was let in could ask for this as well. Where no keys are asked for: everybody, but for `admin`. */
export function mayAlso(req: IncomingMessage, scope: Scope): boolean {
  const caller = callerOf(req);
  if (caller?.kind === 'socket') return true;
  if (caller?.kind === 'anyone') return scope !== 'admin';
  return grants(scopes.get(req) ?? [], scope);
}

/** For routes that everyone may ask: the health of the process, and the documents. */
export const openToAll: RequestHandler = (_req, _res, next) => next();

/**
 * Makes the checks of an app. A request through the admin socket passes them all. The scope `admin` needs a key even
 * where nothing else does.
 */
export function createGate({ settings, keys, clock, onKeyUsed }: GateDeps): Gate {
  const { auth } = settings;
  const always = keysNeeded(settings);
  const limiter = new RateLimiter(clock);

  const limit = (res: Response, id: string, key?: ApiKey): void => {
    const rate = {
      perMinute: key?.rate_limit_per_minute ?? auth.rate_limit_per_minute,
      burst: key?.burst ?? auth.burst,
    };
    const taken = limiter.take(id, rate);
    if (taken === null) return;
    // draft-ietf-httpapi-ratelimit-headers: what is allowed in the window, what is left of it, seconds until it is whole.
    res.setHeader('RateLimit-Policy', `${POLICY};q=${rate.perMinute};w=60`);
    res.setHeader('RateLimit', `${POLICY};r=${taken.remaining};t=${Math.ceil(taken.fullInS)}`);
    if (taken.allowed) return;
    const who = key === undefined ? 'this address' : 'this key';
    throw new FacepoolError('rate_limited', `More than ${rate.perMinute} requests a minute of ${who}.`, {
      retryAfterS: taken.retryAfterS,
    });
  };

  return (access) => (req: Request, res: Response, next: NextFunction) => {
    if (callerOf(req)?.kind === 'socket') return next();
    if (!always && access !== 'admin') {
      setCaller(req, { kind: 'anyone' });
      limit(res, `address ${addressGroup(req.socket.remoteAddress ?? '')}`);
      return next();
    }
    const key = identify(req, res, keys, clock);
    setCaller(req, { kind: 'key', id: key.id });
    stateOf(req).key = key.id;
    scopes.set(req, key.scopes);
    checks.set(req, () => isValid(req, access, keys, clock));
    onKeyUsed(key.id);
    limit(res, `key ${key.id}`, key);
    if (!hasScope(key, access)) {
      res.setHeader('WWW-Authenticate', `${REALM}, error="insufficient_scope", scope="${access}"`);
      throw new FacepoolError('forbidden', `The API key ${key.id} lacks the scope ${access}.`);
    }
    next();
  };
}

function hasScope(key: ApiKey, access: Access): boolean {
  return access === 'any key' || grants(key.scopes, access);
}

/** Where the keys cannot be read, none is valid. */
function isValid(req: IncomingMessage, access: Access, keys: GateDeps['keys'], clock: Pick<Clock, 'date'>): boolean {
  try {
    const token = readCredentials(req.headers);
    return token !== null && hasScope(authenticate(token, keys, clock), access);
  } catch {
    return false;
  }
}

/** The key of a request; without a valid one it is refused in the words of RFC 6750. */
function identify(req: Request, res: Response, keys: GateDeps['keys'], clock: Pick<Clock, 'date'>): ApiKey {
  try {
    const token = readCredentials(req.headers);
    if (token !== null) return authenticate(token, keys, clock);
  } catch (error) {
    if (error instanceof FacepoolError && error.code === 'unauthorized') {
      res.setHeader('WWW-Authenticate', `${REALM}, error="invalid_token"`);
    }
    throw error;
  }
  res.setHeader('WWW-Authenticate', REALM);
  throw new FacepoolError('unauthorized', 'This needs an API key: Authorization: Bearer <key>, or x-api-key: <key>.');
}
