/** Every way in which an upload may be wrong: a clear error, and nothing left of it. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { ErrorCode } from '../../../src/contract/errors.ts';
import { FacepoolError } from '../../../src/contract/errors.ts';
import type { Settings } from '../../../src/contract/settings.ts';
import { stageVersion } from '../../../src/models/staging/stage-version.ts';
import type { StageRequest, StageTools } from '../../../src/models/staging/stage-version.ts';
import { create } from '@bufbuild/protobuf';
import { GraphSchema, ModelSchema } from '../../../workers/onnx/descriptor.ts';
import type { ModelProto } from '../../../workers/onnx/descriptor.ts';
import { encode, mainGraph, node, tensor, valueInfo } from '../../fixtures/onnx.ts';
import { tempDir } from '../../fixtures/temp-dir.ts';
import {
  EMBEDDING_FILE,
  assertNothingLeft,
  graphEntry,
  meanGraph,
  realTools,
  requestOf,
  seal,
  stagingSettings,
  tinyUpload,
  trickle,
} from '../../fixtures/uploads.ts';
import type { Upload } from '../../fixtures/uploads.ts';

async function refused(
  settings: Settings,
  request: StageRequest,
  tools: StageTools,
  code: ErrorCode,
  param: string | undefined,
  detail: RegExp,
): Promise<void> {
  await assert.rejects(stageVersion(settings, request, tools), (error: unknown) => {
    assert.ok(error instanceof FacepoolError, String(error));
    assert.match(error.message, detail);
    assert.deepEqual([error.code, error.param], [code, param]);
    assert.ok(error.message.length < 1200, 'a message nobody reads');
    assert.ok(!error.message.includes(settings.data_dir), 'a path of the server in a message');
    return true;
  });
  assertNothingLeft(settings);
}

type Fault = readonly [
  name: string,
  spoil: (upload: Upload) => Partial<StageRequest> | void,
  code: ErrorCode,
  param: string | undefined,
  detail: RegExp,
];

const set = (name: string, bytes: Uint8Array) => (upload: Upload) => {
  upload.files.set(name, bytes);
  seal(upload);
};
const graph = (spoil: (model: ModelProto) => void) => (upload: Upload) => {
  const model = meanGraph([2, 3]);
  spoil(model);
  set(EMBEDDING_FILE, encode(model))(upload);
};
const listed = (upload: Upload, name: string) => ({
  files: [...upload.files, [name, Buffer.from('x')] as const].map(([file, bytes]) => ({
    name: file,
    stream: trickle(bytes),
  })),
});

const UPLOADS: readonly Fault[] = [
  ['an unknown model', () => ({ model: 'nobody' }), 'not_found', undefined, /no model "nobody"/],
  [
    'a version that climbs',
    () => ({ version: '../../etc' }),
    'invalid_argument',
    'version',
    /"\.\.\/\.\.\/etc" cannot be a version/,
  ],
  ['a version in capitals', () => ({ version: 'V2' }), 'invalid_argument', 'version', /small letters/],
  ['a long version', () => ({ version: 'a'.repeat(65) }), 'invalid_argument', 'version', /at most 64/],
  ['a manifest that is no YAML', () => ({ manifest: 'a: [b' }), 'invalid_argument', 'manifest', /manifest\.yaml:1/],
  [
    'a manifest that is huge',
    () => ({ manifest: `# ${'x'.repeat(300_000)}` }),
    'invalid_argument',
    'manifest',
    /65536 is the most/,
  ],
  [
    'a manifest that would keep the server busy',
    () => ({ manifest: `{${'k,'.repeat(5000)}}` }),
    'invalid_argument',
    'manifest',
    /more than 2500/,
  ],
  ['a manifest without a field', (u) => void delete u.manifest['licence'], 'invalid_argument', 'manifest', /licence/],
  [
    'a manifest of another version',
    () => ({ version: 'mine-2' }),
    'invalid_argument',
    'manifest',
    /says it is recognizer\/mine-1/,
  ],
  ['another role', () => ({ model: 'detector' }), 'invalid_argument', 'manifest', /is of a recognizer.*detector/],
  [
    'a version that came with the server',
    (u) => {
      u.manifest['version'] = 'omz-0095';
      return { version: 'omz-0095' };
    },
    'conflict',
    'version',
    /already/,
  ],
  [
    'no licence text',
    (u) => void u.files.delete('LICENSE'),
    'invalid_argument',
    'LICENSE',
    /licence text LICENSE is missing/,
  ],
  ['an empty licence text', set('LICENSE', new Uint8Array()), 'invalid_argument', 'LICENSE', /empty/],
  ['a missing graph', (u) => void u.files.delete(EMBEDDING_FILE), 'invalid_argument', EMBEDDING_FILE, /missing/],
  ['a file too many', (u) => listed(u, 'more.onnx'), 'invalid_argument', 'files', /names no file "more.onnx"/],
  ['a file twice', (u) => listed(u, EMBEDDING_FILE), 'invalid_argument', 'files', /twice/],
  ['a name that climbs', (u) => listed(u, '../../../etc/cron.d/x'), 'invalid_argument', 'files', /without folders/],
  ['an absolute name', (u) => listed(u, '/etc/passwd'), 'invalid_argument', 'files', /without folders/],
  ['a name with a NUL', (u) => listed(u, 'embedding.onnx\0.txt'), 'invalid_argument', 'files', /without folders/],
  ['a folder of Windows', (u) => listed(u, '..\\embedding.onnx'), 'invalid_argument', 'files', /without folders/],
  ['the name of a file of our own', (u) => listed(u, 'registered.json'), 'invalid_argument', 'files', /names no file/],
  [
    'wrong bytes',
    (u) => void (graphEntry(u, 0).bytes += 1),
    'invalid_argument',
    EMBEDDING_FILE,
    /has \d+ bytes; the manifest says/,
  ],
  [
    'a byte too many',
    (u) => void (graphEntry(u, 0).bytes -= 1),
    'payload_too_large',
    EMBEDDING_FILE,
    /more than \d+ bytes/,
  ],
  [
    'a wrong sha256',
    (u) => void (graphEntry(u, 1).sha256 = '0'.repeat(64)),
    'invalid_argument',
    'quality.onnx',
    /the manifest says 0{64}/,
  ],
  [
    'golden tensors that would keep the server busy',
    set('golden.json', Buffer.from(`{"graphs": {${'"k":0,'.repeat(20_000)}}}`)),
    'invalid_argument',
    'golden.json',
    /more than 10000/,
  ],
  [
    'golden tensors that are none',
    set('golden.json', Buffer.from('{}')),
    'invalid_argument',
    'golden.json',
    /golden\.json/,
  ],
];

describe('what is wrong before a file is looked into', () => {
  for (const [name, spoil, code, param, detail] of UPLOADS) {
    test(name, async (t) => {
      const settings = stagingSettings(tempDir(t));
      const upload = tinyUpload();
      const changes = spoil(upload) ?? {};
      const tools = realTools(t, {
        runInspector: () => Promise.reject(new Error('nobody may look into the files yet')),
      });
      await refused(settings, requestOf(upload, changes), tools, code, param, detail);
    });
  }
});

const whole = encode(meanGraph([2, 3]));
const input =
  (dims: readonly (number | string)[], name = 'input') =>
  (m: ModelProto) => {
    mainGraph(m).input = create(GraphSchema, { input: [valueInfo(name, dims)] }).input;
  };
const passwd = tensor({
  name: 'w',
  dataType: 1,
  dims: [4n],
  dataLocation: 1,
  externalData: [{ key: 'location', value: '/etc/passwd' }],
});

const GRAPHS: readonly (readonly [string, Fault[1], RegExp])[] = [
  ['cut off', set(EMBEDDING_FILE, whole.subarray(0, whole.length - 20)), /embedding\.onnx: /],
  ['random bytes', set(EMBEDDING_FILE, Buffer.from('9f3b77aa01fe4cc29f3b77aa01fe4cc2', 'hex')), /not an ONNX model/],
  ['a zip', set(EMBEDDING_FILE, Buffer.concat([Buffer.from('PK\u0003\u0004'), Buffer.alloc(64)])), /a zip archive/],
  ['a web page', set(EMBEDDING_FILE, Buffer.from('<!doctype html><title>404</title>')), /not an ONNX model/],
  [
    'a huge tensor',
    graph((m) => mainGraph(m).initializer.push(tensor({ name: 'w', dataType: 1, dims: [1n << 40n] }))),
    /"w" declares 1099511627776 numbers/,
  ],
  [
    'a tensor of a negative size',
    graph((m) => mainGraph(m).initializer.push(tensor({ name: 'w', dataType: 1, dims: [-4n, -4n] }))),
    /"w" declares -4 × -4/,
  ],
  ['external data', graph((m) => mainGraph(m).initializer.push(passwd)), /in another file/],
  [
    'external data in a default of a function',
    graph((m) => {
      const made = create(ModelSchema, { functions: [{ name: 'f', attributeProto: [{ name: 'value', t: passwd }] }] });
      m.functions.push(...made.functions);
    }),
    /in another file/,
  ],
  [
    'an operator of somebody',
    graph((m) => mainGraph(m).node.push(node({ opType: 'Shell', domain: 'com.example' }))),
    /custom operators/,
  ],
  ['a newer IR', graph((m) => (m.irVersion = 99n)), /IR version 99/],
  ['a newer opset', graph((m) => m.opsetImport.forEach((o) => (o.version = 99n))), /opset 99/],
  ['another input', graph(input(['N', 3, 8, 8], 'data')), /no input "input"; it has "data"/],
  ['an input whose name is a novel', graph(input(['N', 3, 8, 8], 'x'.repeat(1_000_000))), /it has "x{500}/],
  ['four channels', graph(input(['N', 4, 8, 8])), /4 channels/],
  ['another crop', graph(input(['N', 3, 16, 16])), /the fixed height 16; the manifest says 8/],
  ['one at a time only', graph(input([1, 3, 8, 8])), /batches of 1 only; the manifest says 1, 4/],
  [
    'another output',
    graph((m) => {
      const [last] = mainGraph(m).node;
      if (last !== undefined) last.output = ['embedding'];
      mainGraph(m).output = create(GraphSchema, { output: [valueInfo('embedding', ['N', 3])] }).output;
    }),
    /no output "out"; it has "embedding"/,
  ],
  [
    'embeddings of another length',
    (u) => void Object.assign(u.manifest['recognizer'] as object, { dim: 256 }),
    /not N×256/,
  ],
  [
    'more memory than there is',
    graph((m) => {
      mainGraph(m).initializer.push(tensor({ name: 'shape', dims: [1n], dataType: 7, int64Data: [1n << 40n] }));
      mainGraph(m).node.unshift(
        node({ opType: 'ConstantOfShape', input: ['shape'], output: ['sea'] }),
        node({ opType: 'ReduceMax', input: ['sea'], output: ['drop'] }),
        node({ opType: 'Add', input: ['input', 'drop'], output: ['wet'] }),
      );
      const [mean] = mainGraph(m).node.slice(-1);
      if (mean !== undefined) mean.input = ['wet'];
    }),
    /needs more memory/,
  ],
];

describe('what is wrong in a file, found by the importer', () => {
  for (const [name, spoil, detail] of GRAPHS) {
    test(name, async (t) => {
      const settings = stagingSettings(tempDir(t));
      const upload = tinyUpload();
      spoil(upload);
      const param = detail.source.startsWith('not N') ? undefined : EMBEDDING_FILE;
      await refused(settings, requestOf(upload), realTools(t), 'model_failed', param, detail);
    });
  }
});
