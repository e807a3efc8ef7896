/** API keys: files in the data directory, so these need no server, and one that runs sees what they change at once. */
import { createAuditLog } from '../../auth/audit-log.ts';
import { type ApiKey, readKeys } from '../../auth/key-file.ts';
import { createKey, keyState, type KeyState, revokeKey } from '../../auth/keys.ts';
import { readKeyUsage } from '../../auth/key-usage.ts';
import { isScope, type Scope, SCOPES } from '../../auth/scopes.ts';
import type { Settings } from '../../contract/settings.ts';
import { usageError } from '../cli-error.ts';
import { type Command, type Invocation, takeWords } from '../command.ts';
import { parseDuration } from '../duration.ts';
import { EXIT } from '../exit-codes.ts';
import { type Io, printable, printJson, printLine } from '../io.ts';
import { loadFor } from '../load-settings.ts';
import { printTable } from '../table.ts';

const MAX_NAME = 100;
const SERVER_SEES_IT = 'A server that runs on this data directory sees it from its next request on.';

export const keysCreate: Command = {
  name: 'keys create',
  words: '',
  summary: 'makes an API key and prints it, this once',
  details: [
    `Scopes: ${SCOPES.join(', ')}; admin has all of them. The key alone goes to standard output,`,
    'so KEY=$(facepool keys create …) works; what it is goes to standard error.',
    SERVER_SEES_IT,
  ],
  options: {
    name: { type: 'string', value: '<who>', help: 'who or what uses it' },
    scope: { type: 'string', multiple: true, value: '<scopes>', help: 'comma list of what it may do; repeatable' },
    expires: {
      type: 'string',
      value: '<time>',
      help: 'how long it is good for, e.g. 12h, 30d, 52w; default: for ever',
    },
    'rate-limit': { type: 'string', value: '<count>', help: 'requests a minute; 0 = none; default: the setting' },
    burst: { type: 'string', value: '<count>', help: 'of them, how many at once; default: the setting' },
  },
  async run(invocation) {
    const { io } = invocation;
    takeWords('keys create', invocation.words, 0, 0, 'no word');
    const now = new Date();
    const wanted = {
      name: readName(invocation),
      scopes: readScopes(invocation),
      expiresAt: readExpiry(invocation, now),
      ratePerMinute: readCount(invocation, 'rate-limit'),
      burst: readCount(invocation, 'burst'),
    };
    const { settings } = loadFor(invocation);
    const { key, token } = createKey(settings.data_dir, wanted, now);
    audit(settings, io, { action: 'key.create', target: key.id, name: key.name, scopes: key.scopes });
    if (invocation.flag('json')) printJson(io, { ...shown(key, now, undefined), key: token });
    else {
      printLine(io.stderr, printable(`key ${key.id} (${key.name}): ${key.scopes.join(', ')}${untilText(key)}`));
      printLine(io.stderr, 'It is shown this once and stored nowhere:');
      printLine(io.stdout, token);
    }
    return EXIT.ok;
  },
};

export const keysList: Command = {
  name: 'keys list',
  words: '',
  summary: 'every API key with its scopes and state, never the key itself',
  options: {},
  async run(invocation) {
    const { io } = invocation;
    takeWords('keys list', invocation.words, 0, 0, 'no word');
    const { settings } = loadFor(invocation);
    const used = readKeyUsage(settings.data_dir);
    const now = new Date();
    const keys = readKeys(settings.data_dir).map((key) => shown(key, now, used.get(key.id)));
    if (invocation.flag('json')) printJson(io, { keys });
    else if (keys.length === 0) printLine(io.stdout, 'there are no keys; make one with: facepool keys create');
    else {
      printTable(
        io,
        ['ID', 'NAME', 'SCOPES', 'STATE', 'CREATED', 'EXPIRES', 'LAST USED'].map((title) => ({ title })),
        keys.map((key) => [
          key.id,
          key.name,
          key.scopes.join(','),
          { text: key.state, style: key.state === 'active' ? 'green' : 'yellow' },
          key.created_at,
          key.expires_at ?? 'never',
          key.last_used_at ?? 'never',
        ]),
      );
    }
    return EXIT.ok;
  },
};

export const keysRevoke: Command = {
  name: 'keys revoke',
  words: '<id>',
  summary: 'refuses an API key from now on, for good',
  details: ['A key that leaked may be given whole instead of its id.', SERVER_SEES_IT],
  options: {},
  async run(invocation) {
    const { io, words } = invocation;
    takeWords('keys revoke', words, 1, 1, 'the id of a key');
    const { settings } = loadFor(invocation);
    const now = new Date();
    const { key, before } = revokeKey(settings.data_dir, words[0] ?? '', now);
    if (!before) audit(settings, io, { action: 'key.revoke', target: key.id, name: key.name });
    if (invocation.flag('json')) printJson(io, shown(key, now, undefined));
    else {
      const when = before ? `was revoked before, at ${key.revoked_at}` : 'is revoked';
      printLine(io.stdout, printable(`key ${key.id} (${key.name}) ${when}`));
    }
    return EXIT.ok;
  },
};

type ShownKey = Omit<ApiKey, 'sha256'> & { readonly state: KeyState; readonly last_used_at: string | null };

function shown(key: ApiKey, now: Date, lastUsed: string | undefined): ShownKey {
  const { sha256: _, ...rest } = key;
  return { ...rest, state: keyState(key, now), last_used_at: lastUsed ?? null };
}

function untilText({ expires_at }: ApiKey): string {
  return expires_at === null ? ', for ever' : `, until ${expires_at}`;
}

function readName(invocation: Invocation): string {
  const name = invocation.text('name')?.trim() ?? '';
  if (name === '') throw usageError('keys create needs --name: who or what uses the key');
  if (name.length > MAX_NAME) throw usageError(`--name: at most ${MAX_NAME} characters`);
  return name;
}

function readScopes(invocation: Invocation): Scope[] {
  const words = invocation.texts('scope').flatMap((text) => text.split(','));
  const named = words.map((word) => word.trim()).filter((word) => word !== '');
  const wrong = named.find((word) => !isScope(word));
  if (wrong !== undefined) throw usageError(`--scope ${wrong}: must be of ${SCOPES.join(', ')}`);
  if (named.length === 0) throw usageError(`keys create needs --scope: a comma list of ${SCOPES.join(', ')}`);
  return SCOPES.filter((scope) => named.includes(scope));
}

function readExpiry(invocation: Invocation, now: Date): Date | null {
  const text = invocation.text('expires');
  if (text === undefined) return null;
  const ms = parseDuration(text);
  if (ms === undefined) throw usageError(`--expires ${text}: must be a time such as 90m, 12h, 30d or 52w`);
  return new Date(now.getTime() + ms);
}

function readCount(invocation: Invocation, flag: string): number | null {
  const text = invocation.text(flag);
  if (text === undefined) return null;
  if (!/^\d{1,9}$/.test(text)) throw usageError(`--${flag} ${text}: must be a whole number`);
  return Number(text);
}

type Recorded = { readonly action: string; readonly target: string; readonly name: string; readonly scopes?: Scope[] };

function audit(settings: Settings, io: Io, entry: Recorded): void {
  const log = createAuditLog({
    dataDir: settings.data_dir,
    now: () => new Date(),
    limits: { maxBytes: settings.log.worker_max_bytes, files: settings.log.worker_files },
    onError: (error) => {
      const why = error instanceof Error ? error.message : String(error);
      printLine(io.stderr, printable(`facepool: the audit log could not be written: ${why}`));
    },
  });
  log.record({ who: `cli:uid=${process.getuid?.() ?? 'unknown'}`, ...entry, result: 'ok' });
}
