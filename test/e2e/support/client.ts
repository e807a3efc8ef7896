/** Requests as clients make them, and answers checked against the contract. */
import assert from 'node:assert/strict';
import {
  type FacesAnswer,
  facesAnswerSchema,
  type Problem,
  problemSchema,
  type VerifyAnswer,
  verifyAnswerSchema,
} from '../../../src/contract/results.ts';
import { ERROR_CATALOGUE, type ErrorCode } from '../../../src/contract/errors.ts';

export type Answer = { readonly status: number; readonly headers: Headers; readonly body: unknown };
export type Query = Readonly<Record<string, string | number>>;
type Base = { readonly url: string };

const REQUEST_MS = 60_000;

function withQuery(path: string, query: Query): string {
  const text = new URLSearchParams(
    Object.entries(query).map(([name, value]): [string, string] => [name, String(value)]),
  ).toString();
  return text === '' ? path : `${path}?${text}`;
}

/** A raw body: the fast path. */
export async function post(server: Base, path: string, image: Uint8Array, query: Query = {}): Promise<Answer> {
  return send(server, withQuery(path, query), 'application/octet-stream', new Uint8Array(image));
}

export async function postForm(
  server: Base,
  path: string,
  files: Readonly<Record<string, Uint8Array>>,
  query: Query = {},
): Promise<Answer> {
  const form = new FormData();
  for (const [field, bytes] of Object.entries(files)) form.append(field, new Blob([new Uint8Array(bytes)]), 'a.jpg');
  return send(server, withQuery(path, query), undefined, form);
}

export async function postJson(server: Base, path: string, body: unknown, query: Query = {}): Promise<Answer> {
  return send(server, withQuery(path, query), 'application/json', JSON.stringify(body));
}

async function send(
  server: Base,
  path: string,
  type: string | undefined,
  body: Uint8Array<ArrayBuffer> | FormData | string,
): Promise<Answer> {
  const answer = await fetch(server.url + path, {
    method: 'POST',
    body,
    ...(type === undefined ? {} : { headers: { 'content-type': type } }),
    signal: AbortSignal.timeout(REQUEST_MS),
  });
  return { status: answer.status, headers: answer.headers, body: await answer.json() };
}

/** 200 and the shape of the contract, nothing more and nothing less. */
export function facesOf(answer: Answer): FacesAnswer {
  assert.equal(answer.status, 200, JSON.stringify(answer.body));
  return facesAnswerSchema.parse(answer.body);
}

export function verifyOf(answer: Answer): VerifyAnswer {
  assert.equal(answer.status, 200, JSON.stringify(answer.body));
  return verifyAnswerSchema.parse(answer.body);
}

export async function detect(server: Base, image: Uint8Array, query: Query = {}): Promise<FacesAnswer> {
  return facesOf(await post(server, '/v1/detect', image, query));
}

/** What a client must never see: where things are on our disk, or where in our code. */
const LEAKS = /(?:\/(?:work|tmp|home|root|usr|proc|opt)\/|node_modules|\.ts:\d|\bat [\w.<>]+ \(\S+:\d|file:\/\/)/;

/** A problem document of this code, with the catalogue's status and title, and without a stack or a path. */
export function problemOf(answer: Answer, code: ErrorCode): Problem {
  const text = JSON.stringify(answer.body);
  assert.match(answer.headers.get('content-type') ?? '', /^application\/problem\+json/, text);
  const problem = problemSchema.strict().parse(answer.body);
  assert.equal(problem.code, code, text);
  assert.equal(answer.status, ERROR_CATALOGUE[code].status);
  assert.equal(problem.status, answer.status);
  assert.equal(problem.title, ERROR_CATALOGUE[code].title);
  assert.equal(problem.type, `urn:facepool:problem:${code}`);
  assert.equal(problem.request_id, answer.headers.get('x-request-id'));
  assert.ok(problem.detail.length > 10, problem.detail);
  assert.doesNotMatch(text, LEAKS);
  return problem;
}
