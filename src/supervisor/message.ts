/** What a child says, checked: a broken process may say anything, and the supervisor must survive it. */
import { ERROR_CATALOGUE } from '../contract/errors.ts';
import type { ErrorCode, WireError } from '../contract/errors.ts';
import { PROTOCOL_VERSION } from '../contract/protocol.ts';
import type { FromChild } from '../contract/protocol.ts';

type Fields = Readonly<Record<string, unknown>>;
export type Read = { readonly ok: true; readonly message: FromChild } | { readonly ok: false; readonly fault: string };

const PHASES: ReadonlySet<unknown> = new Set(['create', 'warm', 'golden']);

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null;
}

/** An object may have a `toString` that is none, and then `String` throws. */
function named(value: unknown): string {
  return isFields(value) ? typeof value : String(value).slice(0, 20);
}

function isArena(raw: unknown): boolean {
  if (!isFields(raw)) return false;
  const { arena, path, bytes } = raw;
  // Workers open this path: nothing but an open file of a process will do.
  const isOpenFile = typeof path === 'string' && /^\/proc\/\d+\/fd\/\d+$/.test(path);
  return Number.isSafeInteger(arena) && isOpenFile && Number.isSafeInteger(bytes);
}

/** The code and texts of an error, or `model_failed` for what is none. */
function readError(raw: unknown): WireError {
  const nothing = { code: 'model_failed', message: 'the worker answered an error that says nothing' } as const;
  if (!isFields(raw) || typeof raw['message'] !== 'string') return nothing;
  const { code, message, param, retryAfterS, stack } = raw;
  const known = typeof code === 'string' && Object.hasOwn(ERROR_CATALOGUE, code);
  return {
    code: known ? (code as ErrorCode) : 'model_failed',
    message,
    param: typeof param === 'string' ? param : undefined,
    retryAfterS: typeof retryAfterS === 'number' ? retryAfterS : undefined,
    stack: typeof stack === 'string' ? stack : undefined,
  };
}

/** A message of the protocol, or what is wrong with it. What `result` carries is for the caller to check. */
export function readMessage(raw: unknown): Read {
  const bad = (fault: string): Read => ({ ok: false, fault });
  if (!isFields(raw)) return bad('said something that is no message');
  if (raw['v'] !== PROTOCOL_VERSION) {
    return bad(`speaks protocol ${named(raw['v'])}, expected ${PROTOCOL_VERSION}`);
  }
  const { type, id } = raw;
  switch (type) {
    case 'mapped':
      return Number.isSafeInteger(raw['arena'])
        ? { ok: true, message: raw as FromChild }
        : bad('mapped the memory of no process');
    case 'listening':
      return raw['arena'] === undefined || isArena(raw['arena'])
        ? { ok: true, message: raw as FromChild }
        : bad('shares memory that is none');
    case 'hello':
      return { ok: true, message: raw as FromChild };
    case 'progress':
      return PHASES.has(raw['phase'])
        ? { ok: true, message: raw as FromChild }
        : bad('names a load phase that is none');
    case 'begin':
    case 'result':
    case 'error':
      if (!Number.isSafeInteger(id)) return bad(`said "${type}" without an id`);
      if (type !== 'error') return { ok: true, message: raw as FromChild };
      return { ok: true, message: { v: PROTOCOL_VERSION, type, id: id as number, error: readError(raw['error']) } };
    default:
      return bad(`said "${named(type)}", which is no message of the protocol`);
  }
}
