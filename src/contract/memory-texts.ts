/**
 * What runtimes say when there is no memory. They give texts, no codes: onnxruntime, CUDA, cuBLAS and cuDNN as error
 * messages, V8 and the C++ runtime as last words on stderr before the process aborts.
 */

const MEMORY_TEXTS: readonly string[] = [
  // onnxruntime
  'failed to allocate memory',
  'bfcarena',
  'available memory of',
  'could not allocate',
  // C++, glibc, the kernel
  'bad_alloc',
  'bad_array_new_length',
  'cannot allocate memory',
  'memory exhausted',
  'enomem',
  // CUDA, cuBLAS, cuDNN, cuFFT
  'cublas_status_alloc_failed',
  'cudnn_status_alloc_failed',
  'cudnn_status_internal_error_host_allocation_failed',
  'cudnn_status_internal_error_device_allocation_failed',
  'cufft_alloc_failed',
  'cuda failure 2:',
  'cudaerrormemoryallocation',
  'cuda_error_out_of_memory',
  // everybody, V8 among them (`JavaScript heap out of memory`, `Fatal process out of memory`)
  'out of memory',
  'array buffer allocation failed',
];

/** True for a text that says that memory could not be had; the process that says it may be sound. */
export function isMemoryText(text: string): boolean {
  const lower = text.toLowerCase();
  return MEMORY_TEXTS.some((needle) => lower.includes(needle));
}
