/** The naive peer: one express process, multer, sharp, onnxruntime's defaults. What facepool is compared with. */
import process from 'node:process';
import { randomUUID } from 'node:crypto';
import type { AddressInfo } from 'node:net';
import express from 'express';
import multer from 'multer';
import { openNaive } from './naive-models.ts';
import type { NaiveFace } from './naive-models.ts';

const folder = process.argv[2];
if (folder === undefined) throw new Error('usage: naive.ts <folder of the default models>');

const models = await openNaive(folder);
const app = express();
const upload = multer({ storage: multer.memoryStorage() });

const bySize = (a: NaiveFace, b: NaiveFace): number =>
  (b.box.x_max - b.box.x_min) * (b.box.y_max - b.box.y_min) - (a.box.x_max - a.box.x_min) * (a.box.y_max - a.box.y_min);

app.post('/detect', upload.single('file'), async (req, res) => {
  if (req.file === undefined) {
    res.status(400).json({ detail: 'no file' });
    return;
  }
  const { width, height, faces } = await models.detect(req.file.buffer);
  res.json({ request_id: randomUUID(), image: { width, height }, faces: faces.sort(bySize) });
});

app.post('/recognize', upload.single('file'), async (req, res) => {
  if (req.file === undefined) {
    res.status(400).json({ detail: 'no file' });
    return;
  }
  const { width, height, faces } = await models.detect(req.file.buffer);
  const vectors = await models.embed(req.file.buffer, faces.sort(bySize));
  const { fields } = req.query;
  const wanted = typeof fields === 'string' && fields.includes('embedding');
  res.json({
    request_id: randomUUID(),
    image: { width, height },
    faces: faces.map((face, i) => ({
      ...face,
      quality: { score: vectors[i]?.quality ?? 0 },
      ...(wanted ? { embedding: { array: [...(vectors[i]?.embedding ?? [])] } } : {}),
    })),
  });
});

const server = app.listen(0, '127.0.0.1', () => process.send?.({ port: (server.address() as AddressInfo).port }));
process.once('disconnect', () => process.exit(0));
