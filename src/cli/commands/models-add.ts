/** models add and remove: versions of a server that runs. */
import { openAsBlob } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { Readable } from 'node:stream';
import { problemSchema } from '../../contract/results.ts';
import { stageProgressSchema, type VersionRow, versionRowSchema } from '../../contract/staging.ts';
import { parseManifest } from '../../models/manifest-file.ts';
import { filesOf } from '../../models/staging/check-manifest.ts';
import { formatBytes } from '../../util/format.ts';
import { CliError, usageError } from '../cli-error.ts';
import type { Client } from '../client.ts';
import { type Command, type Invocation, takeWords } from '../command.ts';
import { EXIT } from '../exit-codes.ts';
import { printable, printJson, printLine } from '../io.ts';
import { modelPath } from '../model-action.ts';
import { understood } from '../observatory.ts';
import { clientFor } from '../client-for.ts';
import { sseMessages } from '../sse.ts';
import { type DrawnStep, StepLines } from '../step-lines.ts';

export const modelsAdd: Command = {
  name: 'models add',
  words: '<model> <version>',
  summary: 'registers a new version on the server: checked, tried and proven, but used by nobody yet',
  details: [
    'Files are called as the manifest calls them. Licence texts and golden tensors that lie beside the manifest are',
    'found there. Then: facepool swap, canary or shadow <model> <version>.',
  ],
  options: {
    manifest: { type: 'string', value: '<file>', help: 'its manifest.yaml' },
    weights: { type: 'string', multiple: true, value: '<file>', help: 'an ONNX graph; repeatable' },
    licence: { type: 'string', multiple: true, value: '<file>', help: 'a licence text; repeatable' },
    golden: { type: 'string', value: '<file>', help: 'golden tensors; without them the server makes its own' },
  },
  async run(invocation) {
    const { io, words } = invocation;
    takeWords('models add', words, 2, 2, 'a model and a version');
    const [model = '', version = ''] = words;
    const manifest = invocation.text('manifest');
    if (manifest === undefined) throw usageError('models add needs --manifest <file>; see: facepool help models add');
    if (invocation.texts('weights').length === 0) throw usageError('models add needs --weights <file>, once or more');
    const client = clientFor(invocation);
    const form = await makeForm(invocation, version, manifest);
    const row = await send(client, invocation, model, form);
    if (invocation.flag('json')) printJson(io, row);
    else {
      const text = `${model}/${row.version} is registered (${formatBytes(row.bytes)}); next: facepool swap ${model} ${row.version}`;
      printLine(io.stdout, printable(text));
    }
    return EXIT.ok;
  },
};

export const modelsRemove: Command = {
  name: 'models remove',
  words: '<model> <version>',
  summary: 'removes a version that was registered and that no alias means',
  options: {},
  async run(invocation) {
    const { io, words } = invocation;
    takeWords('models remove', words, 2, 2, 'a model and a version');
    const [model = '', version = ''] = words;
    const answer = await clientFor(invocation).stream({
      method: 'DELETE',
      path: `${modelPath(model)}/versions/${encodeURIComponent(version)}`,
    });
    answer.resume();
    if (invocation.flag('json')) printJson(io, { model, version, removed: true });
    else printLine(io.stdout, printable(`${model}/${version} is removed`));
    return EXIT.ok;
  },
};

/** Version and manifest first: the server takes the files as they come. */
async function makeForm(invocation: Invocation, version: string, manifestFile: string): Promise<FormData> {
  const { cwd } = invocation.io;
  const manifest = await readText(path.resolve(cwd, manifestFile), manifestFile);
  const form = new FormData();
  form.append('version', version);
  form.append('manifest', manifest);
  const given = new Set<string>();
  const add = async (field: string, file: string): Promise<void> => {
    const name = path.basename(file);
    if (given.has(name)) throw usageError(`there are two files named ${name}`);
    given.add(name);
    form.append(field, await openFile(path.resolve(cwd, file), file), name);
  };
  for (const file of invocation.texts('weights')) await add('files', file);
  for (const file of invocation.texts('licence')) await add('licence', file);
  const golden = invocation.text('golden');
  if (golden !== undefined) await add('golden', golden);

  const expected = filesOf(parseManifest(manifest, manifestFile));
  const beside = (name: string): string => path.join(path.dirname(path.resolve(cwd, manifestFile)), name);
  for (const name of [...expected.licences, expected.golden]) {
    const isThere = (await stat(beside(name)).catch(() => null))?.isFile() === true;
    if (isThere && !given.has(name)) await add(name === expected.golden ? 'golden' : 'licence', beside(name));
  }
  return form;
}

async function readText(file: string, shown: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    throw unreadable(shown, error);
  }
}

/** A file that is read while it is sent, and not before. */
async function openFile(file: string, shown: string): Promise<Blob> {
  try {
    if (!(await stat(file)).isFile()) throw new Error('it is no file');
    return await openAsBlob(file);
  } catch (error) {
    throw unreadable(shown, error);
  }
}

function unreadable(shown: string, error: unknown): CliError {
  const why = error instanceof Error ? ('code' in error ? String(error.code) : error.message) : String(error);
  return new CliError(EXIT.failure, `${shown} cannot be read (${why})`, { cause: error });
}

async function send(client: Client, invocation: Invocation, model: string, form: FormData): Promise<VersionRow> {
  const encoded = new Response(form);
  if (encoded.body === null) throw new TypeError('a form has a body');
  const type = encoded.headers.get('content-type') ?? '';
  const answer = await client.stream({
    method: 'POST',
    path: `${modelPath(model)}/versions`,
    body: { type, stream: Readable.fromWeb(encoded.body) },
    accept: 'text/event-stream',
  });
  const lines = new StepLines(invocation.io);
  const steps: DrawnStep[] = [];
  const json = invocation.flag('json');
  try {
    for await (const { event, data = '' } of sseMessages(answer)) {
      if (event === 'version') return understood(versionRowSchema, JSON.parse(data));
      if (event === 'problem') throw refusal(JSON.parse(data));
      if (event !== 'step') continue;
      addStep(steps, understood(stageProgressSchema, JSON.parse(data)));
      if (!json) lines.show(steps);
    }
  } catch (error) {
    if (error instanceof CliError) throw error;
    throw new CliError(EXIT.failure, 'the server went away before the version was registered', { cause: error });
  } finally {
    lines.clear();
    answer.destroy();
  }
  throw new CliError(EXIT.failure, 'the server went away before the version was registered');
}

/** A step is told when it begins and again when it ends. */
function addStep(steps: DrawnStep[], step: DrawnStep): void {
  const begun = steps.findIndex((one) => one.step === step.step && one.ms === null);
  if (begun === -1) steps.push(step);
  else steps[begun] = step;
}

function refusal(data: unknown): CliError {
  const problem = understood(problemSchema, data);
  const code = problem.status < 500 ? EXIT.refused : EXIT.failure;
  return new CliError(code, `${problem.code}: ${problem.detail}`, { problem });
}
