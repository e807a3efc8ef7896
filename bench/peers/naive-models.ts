/**
 * Detection and embedding as one writes them in an afternoon: float32 NCHW made in a JavaScript loop, the graphs as
 * they were published, onnxruntime's defaults (all threads, spinning), one run per face. The answers are right.
 */
import sharp from 'sharp';
import { InferenceSession, Tensor } from 'onnxruntime-node';

const SIDE = 640;
const SCORE = 0.6;
const NMS = 0.3;

export type NaiveFace = {
  box: { x_min: number; y_min: number; x_max: number; y_max: number };
  det_score: number;
  landmarks: [number, number][];
};
export type Pixels = { data: Buffer; width: number; height: number };

type Outputs = Record<string, { data: Float32Array }>;

function floats(outputs: Outputs, name: string): Float32Array {
  const found = outputs[name];
  if (found === undefined) throw new Error(`no output ${name}`);
  return found.data;
}

/** RGB bytes → BGR floats, planar: (x − mean) / std. */
function toTensor(pixels: Uint8Array, width: number, height: number, mean: number, std: number): Tensor {
  const plane = width * height;
  const out = new Float32Array(3 * plane);
  for (let i = 0; i < plane; i++) {
    for (let c = 0; c < 3; c++) {
      out[c * plane + i] = ((pixels[i * 3 + 2 - c] ?? 0) - mean) / std;
    }
  }
  return new Tensor('float32', out, [1, 3, height, width]);
}

function overlap(a: NaiveFace['box'], b: NaiveFace['box']): number {
  const w = Math.min(a.x_max, b.x_max) - Math.max(a.x_min, b.x_min);
  const h = Math.min(a.y_max, b.y_max) - Math.max(a.y_min, b.y_min);
  if (w <= 0 || h <= 0) return 0;
  const area = (x: NaiveFace['box']): number => (x.x_max - x.x_min) * (x.y_max - x.y_min);
  return (w * h) / (area(a) + area(b) - w * h);
}

function decode(outputs: Outputs): NaiveFace[] {
  const found: NaiveFace[] = [];
  for (const stride of [8, 16, 32]) {
    const columns = SIDE / stride;
    const cls = floats(outputs, `cls_${stride}`);
    const obj = floats(outputs, `obj_${stride}`);
    const box = floats(outputs, `bbox_${stride}`);
    const kps = floats(outputs, `kps_${stride}`);
    for (let i = 0; i < cls.length; i++) {
      const clamp = (x: number): number => Math.min(1, Math.max(0, x));
      const score = Math.sqrt(clamp(cls[i] ?? 0) * clamp(obj[i] ?? 0));
      if (score < SCORE) continue;
      const c = i % columns;
      const r = Math.floor(i / columns);
      const [dx = 0, dy = 0, dw = 0, dh = 0] = box.subarray(i * 4, i * 4 + 4);
      const cx = (c + dx) * stride;
      const cy = (r + dy) * stride;
      const w = Math.exp(dw) * stride;
      const h = Math.exp(dh) * stride;
      const landmarks: [number, number][] = [];
      for (let k = 0; k < 5; k++) {
        landmarks.push([(c + (kps[i * 10 + 2 * k] ?? 0)) * stride, (r + (kps[i * 10 + 2 * k + 1] ?? 0)) * stride]);
      }
      found.push({
        box: { x_min: cx - w / 2, y_min: cy - h / 2, x_max: cx + w / 2, y_max: cy + h / 2 },
        det_score: score,
        landmarks,
      });
    }
  }
  found.sort((a, b) => b.det_score - a.det_score);
  const kept: NaiveFace[] = [];
  for (const face of found) {
    if (kept.every((other) => overlap(face.box, other.box) <= NMS)) kept.push(face);
  }
  return kept;
}

/** Least-squares similarity from `from` onto `to`, as the matrix that takes crop coordinates back to the picture. */
function backwards(from: readonly [number, number][], to: readonly (readonly [number, number])[]) {
  const n = from.length;
  let mx = 0;
  let my = 0;
  let ux = 0;
  let uy = 0;
  for (let i = 0; i < n; i++) {
    mx += (from[i]?.[0] ?? 0) / n;
    my += (from[i]?.[1] ?? 0) / n;
    ux += (to[i]?.[0] ?? 0) / n;
    uy += (to[i]?.[1] ?? 0) / n;
  }
  let a = 0;
  let b = 0;
  let norm = 0;
  for (let i = 0; i < n; i++) {
    // From the template onto the picture, which is the way a warp samples.
    const px = (to[i]?.[0] ?? 0) - ux;
    const py = (to[i]?.[1] ?? 0) - uy;
    const qx = (from[i]?.[0] ?? 0) - mx;
    const qy = (from[i]?.[1] ?? 0) - my;
    a += px * qx + py * qy;
    b += px * qy - py * qx;
    norm += px * px + py * py;
  }
  a /= norm;
  b /= norm;
  return { a, b, tx: mx - a * ux + b * uy, ty: my - b * ux - a * uy };
}

/** Bilinear, zeros outside. */
function warp(picture: Pixels, size: number, m: { a: number; b: number; tx: number; ty: number }): Uint8Array {
  const out = new Uint8Array(size * size * 3);
  const at = (x: number, y: number, c: number): number =>
    x < 0 || y < 0 || x >= picture.width || y >= picture.height
      ? 0
      : (picture.data[(y * picture.width + x) * 3 + c] ?? 0);
  for (let v = 0; v < size; v++) {
    for (let u = 0; u < size; u++) {
      const x = m.a * u - m.b * v + m.tx;
      const y = m.b * u + m.a * v + m.ty;
      const x0 = Math.floor(x);
      const y0 = Math.floor(y);
      const fx = x - x0;
      const fy = y - y0;
      for (let c = 0; c < 3; c++) {
        const top = at(x0, y0, c) * (1 - fx) + at(x0 + 1, y0, c) * fx;
        const bottom = at(x0, y0 + 1, c) * (1 - fx) + at(x0 + 1, y0 + 1, c) * fx;
        out[(v * size + u) * 3 + c] = Math.round(top * (1 - fy) + bottom * fy);
      }
    }
  }
  return out;
}

const FIVE = [
  [0.31556875, 0.4615741071],
  [0.6826229167, 0.4615741071],
  [0.5002625, 0.6405053571],
  [0.349471875, 0.8246919643],
  [0.6534364583, 0.8246919643],
] as const;
const EYES_MOUTH = [
  [0.3419, 0.4616],
  [0.6565, 0.4598],
  [0.5012, 0.824],
] as const;

const scaled = (points: readonly (readonly [number, number])[], size: number): [number, number][] =>
  points.map(([x, y]) => [x * size, y * size]);

export type NaiveModels = {
  detect(bytes: Buffer): Promise<{ width: number; height: number; faces: NaiveFace[] }>;
  embed(bytes: Buffer, faces: readonly NaiveFace[]): Promise<{ embedding: Float32Array; quality: number }[]>;
};

/** `folder` holds the published files of the default pack. */
export async function openNaive(folder: string): Promise<NaiveModels> {
  const detector = await InferenceSession.create(`${folder}/yunet_n_dynamic.onnx`);
  const embedder = await InferenceSession.create(`${folder}/omz_face_reid_0095_f16store.onnx`);
  const quality = await InferenceSession.create(`${folder}/lightqnet_dm100.onnx`);

  const run = async (session: InferenceSession, tensor: Tensor): Promise<Outputs> =>
    (await session.run({ [session.inputNames[0] ?? '']: tensor })) as unknown as Outputs;
  const first = async (session: InferenceSession, tensor: Tensor): Promise<Float32Array> =>
    floats(await run(session, tensor), session.outputNames[0] ?? '');

  return {
    async detect(bytes) {
      const upright = sharp(bytes).rotate();
      const meta = await sharp(bytes).metadata();
      const turned = (meta.orientation ?? 1) >= 5;
      const width = (turned ? meta.height : meta.width) ?? 0;
      const height = (turned ? meta.width : meta.height) ?? 0;
      const pixels = await upright
        .resize(SIDE, SIDE, { fit: 'contain', position: 'left top', background: '#000' })
        .removeAlpha()
        .toColourspace('srgb')
        .raw()
        .toBuffer();
      const faces = decode(await run(detector, toTensor(pixels, SIDE, SIDE, 0, 1)));
      const scale = Math.min(SIDE / width, SIDE / height);
      for (const face of faces) {
        const { box } = face;
        face.box = {
          x_min: box.x_min / scale,
          y_min: box.y_min / scale,
          x_max: box.x_max / scale,
          y_max: box.y_max / scale,
        };
        face.landmarks = face.landmarks.map(([x, y]) => [x / scale, y / scale]);
      }
      return { width, height, faces };
    },

    async embed(bytes, faces) {
      if (faces.length === 0) return [];
      const { data, info } = await sharp(bytes)
        .rotate()
        .removeAlpha()
        .toColourspace('srgb')
        .raw()
        .toBuffer({ resolveWithObject: true });
      const picture = { data, width: info.width, height: info.height };
      const out: { embedding: Float32Array; quality: number }[] = [];
      for (const { landmarks } of faces) {
        const crop = warp(picture, 128, backwards(landmarks, scaled(FIVE, 128)));
        const raw = await first(embedder, toTensor(crop, 128, 128, 0, 1));
        const norm = Math.hypot(...raw);
        const [left = [0, 0], right = [0, 0], , mouthLeft = [0, 0], mouthRight = [0, 0]] = landmarks;
        const mouth: [number, number] = [(mouthLeft[0] + mouthRight[0]) / 2, (mouthLeft[1] + mouthRight[1]) / 2];
        const small = warp(picture, 96, backwards([left, right, mouth], scaled(EYES_MOUTH, 96)));
        const score = await first(quality, toTensor(small, 96, 96, 128, 128));
        out.push({ embedding: raw.map((x) => x / norm), quality: score[0] ?? 0 });
      }
      return out;
    },
  };
}
