/**
 * Shared memory through the C library: a memfd that one process writes and others map read-only. It has no name, so
 * nothing is left behind, and /dev/shm may be as small as containers make it. Sealed: nobody can shorten it under a
 * reader (which would be a SIGBUS) or map it for writing a second time.
 */
import fs from 'node:fs';
import process from 'node:process';
import koffi from 'koffi';

const PROT_NONE = 0;
const PROT_READ = 1;
const PROT_WRITE = 2;
const MAP_SHARED = 0x01;
const MAP_PRIVATE = 0x02;
const MAP_FIXED = 0x10;
const MAP_ANONYMOUS = 0x20;
const MAP_NORESERVE = 0x4000;
const MAP_FAILED = 0xffff_ffff_ffff_ffffn;
const MFD_CLOEXEC = 1;
const MFD_ALLOW_SEALING = 2;
const F_ADD_SEALS = 1033;
const F_SEAL_SEAL = 1;
const F_SEAL_SHRINK = 2;
const F_SEAL_GROW = 4;
const F_SEAL_FUTURE_WRITE = 16;

type Mmap = (address: bigint | null, bytes: number, prot: number, flags: number, fd: number, at: number) => bigint;

function libc(): ReturnType<typeof koffi.load> {
  if (process.platform !== 'linux') throw new Error(`there is no memfd on ${process.platform}`);
  return koffi.load('libc.so.6');
}

function mapper(): Mmap {
  const mmap: Mmap = libc().func(
    'void *mmap(void *address, size_t bytes, int prot, int flags, int fd, int64_t offset)',
  );
  return (...args) => {
    const address = mmap(...args);
    if (address === MAP_FAILED) throw new Error(`mmap failed, errno ${koffi.errno()}`);
    return address;
  };
}

export type SharedMemory = {
  /** Stays mapped for the life of the process. */
  readonly memory: ArrayBuffer;
  /** Where other processes of this user can open it while this one lives. */
  readonly path: string;
};

/** New memory of `bytes` zeros; pages are taken when they are first written. Throws where this cannot be had. */
export function createSharedMemory(bytes: number): SharedMemory {
  const map = mapper();
  const memfdCreate: (name: string, flags: number) => number = libc().func(
    'int memfd_create(const char *name, unsigned int flags)',
  );
  const fcntl: (fd: number, command: number, type: 'int', value: number) => number = libc().func(
    'int fcntl(int fd, int command, ...)',
  );
  const fd = memfdCreate('facepool', MFD_CLOEXEC | MFD_ALLOW_SEALING);
  if (fd < 0) throw new Error(`memfd_create failed, errno ${koffi.errno()}`);
  try {
    fs.ftruncateSync(fd, bytes);
    const address = map(null, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    const seals = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL;
    // Kernels before 5.1 do not know the seal against writing.
    if (
      fcntl(fd, F_ADD_SEALS, 'int', seals | F_SEAL_FUTURE_WRITE) !== 0 &&
      fcntl(fd, F_ADD_SEALS, 'int', seals) !== 0
    ) {
      throw new Error(`the memory cannot be sealed, errno ${koffi.errno()}`);
    }
    return { memory: koffi.view(address, bytes), path: `/proc/${process.pid}/fd/${fd}` };
  } catch (error) {
    fs.closeSync(fd);
    throw error;
  }
}

/**
 * One range of addresses through which the shared memory of one process after another is read. It is never unmapped,
 * because views of it live on; a later mapping takes its place, and gives the memory of a dead owner back.
 */
export class ReadWindow {
  readonly memory: ArrayBuffer;
  readonly #address: bigint;
  readonly #map: Mmap;

  /** Throws where this cannot be had. */
  constructor(bytes: number) {
    this.#map = mapper();
    this.#address = this.#map(null, bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    this.memory = koffi.view(this.#address, bytes);
  }

  /** Throws, and changes nothing, when the memory cannot be opened or is smaller than this window. */
  map(path: string): void {
    const bytes = this.memory.byteLength;
    const fd = fs.openSync(path, 'r');
    try {
      if (fs.fstatSync(fd).size < bytes) throw new Error(`the shared memory is smaller than ${bytes} bytes`);
      this.#map(this.#address, bytes, PROT_READ, MAP_SHARED | MAP_FIXED, fd, 0);
    } finally {
      fs.closeSync(fd);
    }
  }
}
