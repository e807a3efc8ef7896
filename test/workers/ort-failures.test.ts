import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FacepoolError } from '../../src/contract/errors.ts';
import { isMemoryText } from '../../src/contract/memory-texts.ts';
import { isSticky, isStickyText, ortFailure } from '../../workers/ort-failures.ts';

const MEMORY = [
  'Failed to allocate memory for requested buffer of size 1073741824',
  'Non-zero status code returned while running Conv node. onnxruntime::BFCArena::AllocateRawInternal(size_t, bool)',
  'Available memory of 1024 is smaller than requested bytes of 4096',
  'CUDA failure 2: out of memory ; GPU=0 ; hostname=x ; expr=cudaMalloc((void**)&p, size);',
  'CUBLAS failure 3: CUBLAS_STATUS_ALLOC_FAILED ; GPU=0',
  'CUDA out of memory',
  'std::bad_alloc',
  // As seen under an address-space limit (test/e2e/out-of-memory.test.ts).
  'PosixThread(const char*, int, ...) pthread_create failed, error code: 12 error msg: Cannot allocate memory',
  "terminate called after throwing an instance of 'std::bad_alloc'\n  what():  std::bad_alloc",
  'FATAL ERROR: Reached heap limit Allocation failed - JavaScript heap out of memory',
  '# Fatal process out of memory: Zone',
  'RangeError: Array buffer allocation failed',
  'CUDNN failure 4002: CUDNN_STATUS_INTERNAL_ERROR_DEVICE_ALLOCATION_FAILED ; GPU=0',
  'CUDNN_STATUS_ALLOC_FAILED ; GPU=0',
  'CUFFT failure 2: CUFFT_ALLOC_FAILED',
  'CUDA_ERROR_OUT_OF_MEMORY',
  'mmap failed: ENOMEM',
];
const STICKY = [
  'CUDA failure 700: an illegal memory access was encountered ; GPU=0',
  'CUDA failure 710: device-side assert triggered',
  'CUDA failure 719: unspecified launch failure',
  'CUDA failure 702: the launch timed out and was terminated',
  'CUDA failure 214: uncorrectable ECC error encountered',
  'CUDA failure 716: misaligned address',
  'CUDNN failure 8: CUDNN_STATUS_EXECUTION_FAILED ; GPU=0',
  'CUBLAS failure 13: CUBLAS_STATUS_EXECUTION_FAILED',
];
const NEITHER = [
  'Got invalid dimensions for input: input for the following indices index: 1 Got: 4 Expected: 3',
  'Missing Input: input',
  'Protobuf parsing failed.',
];

test('memory texts', () => {
  for (const text of MEMORY) assert.ok(isMemoryText(text), text);
  for (const text of [...STICKY, ...NEITHER]) assert.ok(!isMemoryText(text), text);
});

test('sticky texts', () => {
  for (const text of STICKY) assert.ok(isStickyText(text), text);
  for (const text of [...MEMORY, ...NEITHER]) assert.ok(!isStickyText(text), text);
});

test('errors get their code, and lose paths', () => {
  for (const text of MEMORY) assert.equal(ortFailure('run', new Error(text)).code, 'memory_exhausted');
  for (const text of [...STICKY, ...NEITHER]) assert.equal(ortFailure('run', new Error(text)).code, 'model_failed');
  const failure = ortFailure('load', new Error('Load model from /home/me/secret/m.onnx failed: "/etc/x" (file:/a/b)'));
  assert.equal(failure.message, 'load: Load model from <path> failed: "<path>" (<path>)');
  assert.equal(ortFailure('run', 'x'.repeat(2000)).message.length, 505);
});

test('a sticky error is found through its wrappers', () => {
  const native = new Error(STICKY[0]);
  assert.ok(isSticky(native));
  assert.ok(isSticky(ortFailure('run', native)));
  assert.ok(isSticky(new FacepoolError('model_failed', 'outer', { cause: ortFailure('run', native) })));
  assert.ok(!isSticky(new Error(MEMORY[0])));
  assert.ok(!isSticky('text'));
  const loop = new Error('a');
  loop.cause = loop;
  assert.ok(!isSticky(loop));
});
