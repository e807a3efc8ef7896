/**
 * What the supervisor and its children say over the `fork` IPC channel (`serialization: 'advanced'`).
 * Small messages only: pixels travel on the data plane (`src/frames`), named here by their ticket.
 * Every message carries `v`; a child that speaks another version is refused at `hello`.
 */
import type { Box, DetectedFace, FiveLandmarks } from './geometry.ts';
import type { WireError } from './errors.ts';
import type { ImporterCalls } from './importer.ts';
import type { CropSpec, Golden, Manifest } from './manifest.ts';
import type { MonitorConfig, MonitorSample, SampleParams } from './monitor.ts';

export const PROTOCOL_VERSION = 1;

/** Environment that the supervisor sets and children read. */
export const ENV_PARENT_PID = 'FACEPOOL_PARENT_PID';
export const ENV_WORKER_ID = 'FACEPOOL_WORKER_ID';
/** `log.level` of the server, as its own setting is called in the environment. */
export const ENV_LOG_LEVEL = 'FACEPOOL_LOG_LEVEL';
/** File descriptor of the upload pipe in the imaging process (supervisor → imaging, data-plane frames). */
export const UPLOAD_FD = 4;

/** Exit code of a model worker whose device context is lost (a sticky CUDA error): only a new process helps. */
export const EXIT_POISONED = 86;

/** One number for one transfer on the data plane, never reused while the supervisor lives. */
export type Ticket = number;
/** A request id on the control channel; unique per child. */
export type CallId = number;
/** A child process; unique while the supervisor lives, so a restarted worker has another. */
export type WorkerId = number;
export type FrameId = number;

/** Memory that imaging writes and model workers map for reading (`src/frames/arena.ts`). */
export type ArenaRef = {
  /** The imaging process that owns it. */
  readonly arena: WorkerId;
  /** Opened by path; it can be while its owner lives. */
  readonly path: string;
  readonly bytes: number;
};
/** A tensor in it, valid until its frame is closed. */
export type SharedTensor = {
  readonly arena: WorkerId;
  /** Offset of the slot, whose header must hold this generation. */
  readonly slot: number;
  readonly generation: number;
  /** The tensor's own offset and length. */
  readonly at: number;
  readonly bytes: number;
};

type Msg<T extends string, Body = unknown> = { readonly v: number; readonly type: T } & Body;
type CallMsg<T extends string, Body = unknown> = Msg<T, { readonly id: CallId } & Body>;

// ── imaging ────────────────────────────────────────────────────────────────

/** The upload arrives on the upload pipe under `ticket`, in any order relative to this message. */
export type OpenParams = {
  readonly ticket: Ticket;
  readonly maxPixels: number;
  /** Detector geometry: reduce to fit `fit`, pad right and below to `multipleOf`. */
  readonly fit: number;
  readonly multipleOf: number;
};
export type OpenResult = {
  readonly frame: FrameId;
  /** The upright picture. */
  readonly width: number;
  readonly height: number;
  readonly format: string;
  readonly orientationApplied: boolean;
  /** The reduced frame without padding. */
  readonly reducedWidth: number;
  readonly reducedHeight: number;
  /** The padded detector input, RGB uint8 NHWC [1, inputHeight, inputWidth, 3]. */
  readonly inputWidth: number;
  readonly inputHeight: number;
  readonly decodeMs: number;
  /** The input in shared memory; without it, it has to be delivered. */
  readonly shared?: SharedTensor | null | undefined;
};

/** A face in pixels of the upright picture. */
export type FaceGeometry = { readonly box: Box; readonly landmarks: FiveLandmarks | null };

/** Makes the crops of all faces for every spec; they stay in imaging until delivered or the frame is closed. */
export type CropParams = {
  readonly frame: FrameId;
  readonly faces: readonly FaceGeometry[];
  readonly specs: readonly CropSpec[];
};
export type CropResult = {
  readonly set: number;
  readonly cropMs: number;
  readonly decodedAgain: boolean;
  /** Per spec: the crops of all faces in shared memory; null or absent: they have to be delivered. */
  readonly shared?: readonly (SharedTensor | null)[] | undefined;
};

export type DeliverItem =
  | { readonly kind: 'input' }
  | {
      readonly kind: 'crops';
      readonly set: number;
      /** Index into the `specs` of the crop call. */
      readonly spec: number;
      readonly from: number;
      readonly count: number;
      /** `count` crops, padded with zeros to this batch size. */
      readonly batch: number;
    };
/** Writes one tensor per item to the worker under `ticket`, part = index of the item. */
export type DeliverParams = {
  readonly frame: FrameId;
  readonly to: WorkerId;
  readonly ticket: Ticket;
  readonly items: readonly DeliverItem[];
};
export type DeliverResult = { readonly bytes: number };

/** JPEG crops of faces, box grown by `margin` (fraction of the box side added on every side), clipped to the picture. */
export type EncodeParams = {
  readonly frame: FrameId;
  readonly faces: readonly FaceGeometry[];
  readonly margin: number;
  readonly quality: number;
  /** Longest side of a JPEG; without it 1024. */
  readonly maxSide?: number | undefined;
};
/** Where a JPEG was taken from: the point (x, y) of the picture is at ((x − left)·scaleX, (y − top)·scaleY) in it. */
export type JpegPlace = {
  readonly left: number;
  readonly top: number;
  readonly scaleX: number;
  readonly scaleY: number;
};
/** One of each per face. */
export type EncodeResult = { readonly jpegs: readonly Uint8Array[]; readonly places: readonly JpegPlace[] };

export type ImagingCalls = {
  open: { params: OpenParams; result: OpenResult };
  crop: { params: CropParams; result: CropResult };
  deliver: { params: DeliverParams; result: DeliverResult };
  encode: { params: EncodeParams; result: EncodeResult };
};

/** Sent once after `hello`: the socket to listen on, and the bounds. */
export type ImagingConfig = {
  readonly socketPath: string;
  readonly maxFrameBytes: number;
  readonly cropThreads: number;
  /** Faces from which a crop call uses the pool. */
  readonly poolFromFaces: number;
  /** Memory shared with model workers; 0: every tensor goes through the socket. */
  readonly sharedBytes: number;
};

// ── model workers ──────────────────────────────────────────────────────────

export type LoadParams = {
  readonly manifest: Manifest;
  readonly golden: Golden;
  /** Graph id → path of the imported (uint8 NHWC) graph. Graphs left out are not loaded. */
  readonly graphPaths: Readonly<Record<string, string>>;
  readonly device: string;
  readonly threads: number;
  /** Threads of a run while others want the cores; the same when absent. */
  readonly crowdedThreads?: number | undefined;
};
export type LoadPhase = 'create' | 'warm' | 'golden';
export type LoadResult = {
  readonly provider: string;
  readonly phasesMs: Readonly<Record<LoadPhase, number>>;
  readonly golden: ProbeResult;
};

/** Least cosine over all graphs and outputs against the golden tensors. */
export type ProbeResult = { readonly passed: boolean; readonly minCosine: number; readonly detail: string };

/** The tensors lie in shared memory, or arrive on the data plane under `ticket`; part i belongs to `parts[i]`. */
export type InferPart = {
  /** Graph id; `shape` is NHWC of the tensor that was sent, padding included. */
  readonly graph: string;
  readonly shape: readonly [number, number, number, number];
  /** How many of the batch are real. */
  readonly count: number;
};
export type InferParams = {
  readonly ticket: Ticket;
  readonly parts: readonly InferPart[];
  /** One for each part. Nothing is sent under the ticket then. */
  readonly shared?: readonly SharedTensor[] | undefined;
  /** Detectors: the area of the input that is picture, and the least score. */
  readonly detect?: { readonly width: number; readonly height: number; readonly scoreThreshold: number } | undefined;
  /** Other requests are under way, and want the cores. */
  readonly crowded?: boolean | undefined;
};
export type InferResult = { readonly output: InferOutput; readonly computeMs: number; readonly waitMs: number };
export type InferOutput =
  | { readonly role: 'detector' /** In pixels of the input. */; readonly faces: readonly DetectedFace[] }
  | {
      readonly role: 'recognizer';
      /** [count × dim], L2-normalised. */
      readonly embeddings: Float32Array;
      /** Norms before normalisation. */
      readonly norms: Float32Array;
      /** Raw quality scores, one per face; null where no quality graph was asked for. */
      readonly quality: Float32Array | null;
    }
  | {
      readonly role: 'liveness';
      /** Probability that the face is live, one per face. */
      readonly scores: Float32Array;
      readonly opinions: readonly { readonly graph: string; readonly scores: Float32Array }[];
    };

export type ModelCalls = {
  load: { params: LoadParams; result: LoadResult };
  infer: { params: InferParams; result: InferResult };
  /** The golden probe through the worker's own queue. */
  probe: { params: Record<string, never>; result: ProbeResult };
};

// ── monitor ────────────────────────────────────────────────────────────────

export type MonitorCalls = { sample: { params: SampleParams; result: MonitorSample } };

// ── envelopes ──────────────────────────────────────────────────────────────

export type AnyCalls = Record<string, { params: unknown; result: unknown }>;

type CallsToChild<C extends AnyCalls> = {
  /** `requestId`: the HTTP request that the call is for, for the child's log; absent for what no request asked for. */
  [K in keyof C & string]: CallMsg<K, { readonly params: C[K]['params']; readonly requestId?: string | undefined }>;
}[keyof C & string];

/** Supervisor → any child. */
type Housekeeping =
  /**
   * Nobody waits for this call any more. Not begun: drop it, no answer is owed. Begun: it is answered all the same,
   * so that the supervisor knows when the process is free again.
   */
  | CallMsg<'abandon'>
  | CallMsg<'ping'>
  /** The server stops, but requests are still with it: a SIGTERM for the whole process group is not for this child. */
  | Msg<'hold'>
  /** Finish what has begun, answer it, and exit 0. */
  | Msg<'stop'>;

export type ToImaging =
  | CallsToChild<ImagingCalls>
  | Msg<'configure', { readonly config: ImagingConfig }>
  | Msg<'close', { readonly frame: FrameId }>
  | Housekeeping;

export type ToModel =
  | CallsToChild<ModelCalls>
  /** Connect to imaging's data socket, and map its memory if there is any; sent again when imaging was restarted. */
  | Msg<'link', { readonly path: string; readonly arena?: ArenaRef | undefined }>
  | Housekeeping;

export type ToImporter = CallsToChild<ImporterCalls> | Housekeeping;

/** `configure` is sent once after `hello`. */
export type ToMonitor =
  | CallsToChild<MonitorCalls>
  | Msg<'configure', { readonly config: MonitorConfig }>
  | Housekeeping;

export type ChildKind = 'imaging' | 'model' | 'importer' | 'monitor';

/** Any child → supervisor. */
export type FromChild =
  | Msg<'hello', { readonly kind: ChildKind; readonly pid: number; readonly runtime: string }>
  /** Imaging: listening, and sharing memory where it can; model workers: not sent. */
  | Msg<'listening', { readonly arena?: ArenaRef | undefined }>
  /** Model workers: tensors in this imaging's memory can be read from now on. */
  | Msg<'mapped', { readonly arena: WorkerId }>
  /** Load phase entered. */
  | Msg<'progress', { readonly phase: LoadPhase }>
  /** Said before a call is run, so that a death can be charged to it. */
  | CallMsg<'begin'>
  | CallMsg<'result', { readonly value: unknown }>
  | CallMsg<'error', { readonly error: WireError }>;
