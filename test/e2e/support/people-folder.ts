/** A hundred people to import: every face of the shared photographs as a person of its own, in two pictures. */
import { createHash } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import sharp, { type Region } from 'sharp';
import { type FaceAnswer, facesAnswerSchema } from '../../../src/contract/results.ts';
import { picture, pictures } from './shared.ts';

export const PEOPLE = 100;
/** Of the box's side, on every side. */
const MARGIN = 0.4;
/** The same person in several photographs would be several people. */
const SKIPPED = /vlado\d|-emotions-.-[25]|background/;

type Cut = { readonly name: string; readonly bytes: Buffer; readonly region: Region };

/** What pictures of a folder have to become, by their names. */
export type MadeFolder = {
  /** Relative to the folder: `person/file`. */
  readonly files: readonly string[];
  /** sha256 of each file. */
  readonly digests: ReadonlyMap<string, string>;
  /** Files that nobody can enrol, with the code of the refusal. */
  readonly hopeless: ReadonlyMap<string, string>;
};

/**
 * Makes the folder. Each of the hundred has two pictures: a face with its surroundings, and the same face mirrored and
 * brighter. The last one has what is refused instead.
 * @param url of a server that detects
 * @param uploadBytes its limit
 */
export async function makePeopleFolder(folder: string, url: string, uploadBytes: number): Promise<MadeFolder> {
  const cuts = await findFaces(url);
  const files: string[] = [];
  const digests = new Map<string, string>();
  const add = (file: string, bytes: Uint8Array): void => {
    const target = path.join(folder, file);
    mkdirSync(path.dirname(target), { recursive: true });
    writeFileSync(target, bytes);
    files.push(file);
    digests.set(file, createHash('sha256').update(bytes).digest('hex'));
  };
  for (let i = 0; i < PEOPLE - 1; i += 1) {
    const cut = cuts[i % cuts.length];
    if (cut === undefined) throw new Error('no face was found in the photographs');
    const { name, bytes, region } = cut;
    // Where there are fewer faces than people, the rest are turned a little.
    const turned = i < cuts.length ? 0 : 4;
    const cropped = await sharp(bytes).autoOrient().extract(region).toBuffer();
    const face = await sharp(cropped).rotate(turned).jpeg({ quality: 92 }).toBuffer();
    const person = `${String(i).padStart(3, '0')} ${name} é`;
    add(`${person}/as it is.jpg`, face);
    add(`${person}/more/mirrored.png`, await sharp(face).flop().modulate({ brightness: 1.15 }).png().toBuffer());
  }
  const hopeless = new Map([
    ['empty.jpg', 'missing_image'],
    ['huge.jpg', 'payload_too_large'],
    ['nobody.jpg', 'no_face'],
    ['text.jpg', 'unsupported_media'],
    ['truncated.jpg', 'image_undecodable'],
    ['all of them.jpg', 'too_many_faces'],
  ]);
  const person = '999 Nobody';
  add(`${person}/empty.jpg`, Buffer.alloc(0));
  add(`${person}/huge.jpg`, Buffer.concat([picture('photos/one_face.jpg'), Buffer.alloc(uploadBytes)]));
  add(`${person}/nobody.jpg`, picture('photos/background.jpg'));
  add(`${person}/text.jpg`, Buffer.from('no picture at all'));
  add(`${person}/truncated.jpg`, picture('photos/one_face.jpg').subarray(0, 9000));
  add(`${person}/all of them.jpg`, picture('photos/group-2.jpg'));
  writeFileSync(path.join(folder, person, 'notes.txt'), 'left out');
  writeFileSync(path.join(folder, person, '.hidden.jpg'), 'left out');
  return { files, digests, hopeless: new Map([...hopeless].map(([file, code]) => [`${person}/${file}`, code])) };
}

async function findFaces(url: string): Promise<Cut[]> {
  const found: Cut[] = [];
  for (const file of [...pictures('photos'), ...pictures('liveness')].filter((name) => !SKIPPED.test(name))) {
    const bytes = picture(file);
    const headers = { 'Content-Type': 'image/jpeg' };
    const answer = await fetch(`${url}/detect`, { method: 'POST', body: Uint8Array.from(bytes), headers });
    const { faces, image } = facesAnswerSchema.parse(await answer.json());
    const name = path.basename(file, '.jpg');
    for (const [i, face] of faces.entries()) found.push({ name: `${name} ${i}`, bytes, region: around(face, image) });
  }
  return found;
}

function around({ box }: FaceAnswer, image: { readonly width: number; readonly height: number }): Region {
  const [dx, dy] = [(box.x_max - box.x_min) * MARGIN, (box.y_max - box.y_min) * MARGIN];
  const left = Math.max(0, Math.floor(box.x_min - dx));
  const top = Math.max(0, Math.floor(box.y_min - dy));
  return {
    left,
    top,
    width: Math.min(image.width, Math.ceil(box.x_max + dx)) - left,
    height: Math.min(image.height, Math.ceil(box.y_max + dy)) - top,
  };
}
