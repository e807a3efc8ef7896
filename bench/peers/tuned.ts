/**
 * One express process with facepool's recipe, raw bodies and multipart; everything but processes. `recipe` is that of the
 * design, word for word; `tuned` has whatever facepool learnt since (its graphs come from the caller).
 */
import process from 'node:process';
import { randomUUID } from 'node:crypto';
import type { AddressInfo } from 'node:net';
import express from 'express';
import type { Request } from 'express';
import multer from 'multer';
import { growHeapFreely } from '../../src/util/heap-growth.ts';
import { readByRecipe } from './recipe-decode.ts';
import { openTuned, readAsFacepool } from './tuned-pipeline.ts';

const [kind, folder, threads] = process.argv.slice(2);
if ((kind !== 'recipe' && kind !== 'tuned') || folder === undefined) {
  throw new Error('usage: tuned.ts recipe|tuned <folder of imported graphs> [threads]');
}
if (kind === 'tuned') growHeapFreely();

const DIM = 256;
const LIMIT = 20 * 1024 * 1024;

const read = kind === 'tuned' ? readAsFacepool : readByRecipe;
const pipeline = await openTuned(folder, Number(threads ?? 1), read);
const app = express();
app.disable('etag');
const form = multer({ storage: multer.memoryStorage(), limits: { fileSize: LIMIT } }).single('file');
const raw = express.raw({ type: 'image/*', limit: LIMIT });

function picture(req: Request): Buffer {
  if (req.file !== undefined) return req.file.buffer;
  if (Buffer.isBuffer(req.body)) return req.body;
  throw new Error('no picture');
}

app.post('/detect', raw, form, async (req, res) => {
  const { width, height, faces } = await pipeline.detect(picture(req));
  res.json({
    request_id: randomUUID(),
    image: { width, height },
    faces: faces.map(({ box, score, landmarks }) => ({ box, det_score: score, landmarks })),
  });
});

app.post('/recognize', raw, form, async (req, res) => {
  const bytes = picture(req);
  const detection = await pipeline.detect(bytes);
  const vectors = await pipeline.recognize(bytes, detection);
  const { fields } = req.query;
  const wanted = typeof fields === 'string' && fields.includes('embedding');
  res.json({
    request_id: randomUUID(),
    image: { width: detection.width, height: detection.height },
    faces: detection.faces.map(({ box, score, landmarks }, i) => ({
      box,
      det_score: score,
      landmarks,
      quality: { score: vectors?.quality?.[i] ?? 0 },
      ...(wanted ? { embedding: { array: [...(vectors?.embeddings.subarray(i * DIM, (i + 1) * DIM) ?? [])] } } : {}),
    })),
  });
});

const server = app.listen(0, '127.0.0.1', () => process.send?.({ port: (server.address() as AddressInfo).port }));
process.once('disconnect', () => process.exit(0));
