import assert from 'node:assert/strict';
import { it } from 'node:test';
import { CliError } from '../../src/cli/cli-error.ts';
import type { Client } from '../../src/cli/client.ts';
import {
  collectionPath,
  isNotFound,
  readCollections,
  readFaces,
  readPeopleStatus,
  readSubjectName,
  readSubjects,
  subjectPath,
} from '../../src/cli/people.ts';
import { collection, STATUS, storedFace, subject } from '../http/support/people.ts';

/** Answers each path in turn, and remembers what was asked. */
function clientOf(...answers: unknown[]) {
  const asked: string[] = [];
  const client: Client = {
    socketPath: '/nowhere',
    json: async ({ path }) => {
      asked.push(path);
      return answers[asked.length - 1];
    },
    stream: () => Promise.reject(new Error('no stream is asked for')),
    tagged: () => Promise.reject(new Error('no tag is asked for')),
  };
  return { client, asked };
}

it('names are keys in paths, whatever is in them', () => {
  assert.equal(collectionPath('staff'), '/v1/collections/staff');
  assert.equal(subjectPath('staff', 'Zoë/a?b c'), '/v1/collections/staff/subjects/Zo%C3%AB%2Fa%3Fb%20c');
});

it('names are composed and trimmed; what is none is a usage error', () => {
  assert.equal(readSubjectName(' Zoe\u0308 '), 'Zoë');
  for (const wrong of ['', '  ', '.', '..', 'a\nb', 'x'.repeat(201)]) {
    assert.throws(() => readSubjectName(wrong), { exitCode: 2 }, JSON.stringify(wrong));
  }
});

it('lists are read page by page, to the last one', async () => {
  const { client, asked } = clientOf(
    { subjects: [subject('A'), subject('B')], next_cursor: 'after B' },
    { subjects: [subject('C')], next_cursor: null },
  );
  const found = await Array.fromAsync(readSubjects(client, 'staff', 'x&y'));
  assert.deepEqual(
    found.map((one) => one.subject),
    ['A', 'B', 'C'],
  );
  const path = '/v1/collections/staff/subjects?find=x%26y&limit=1000';
  assert.deepEqual(asked, [path, `${path}&cursor=after+B`]);
});

it('a page that nobody wants is not asked for', async () => {
  const { client, asked } = clientOf({ faces: [storedFace(), storedFace()], next_cursor: 'more' });
  for await (const face of readFaces(client, 'default', 'Anna')) {
    assert.equal(face.subject, 'Anna');
    break;
  }
  assert.deepEqual(asked, ['/v1/collections/default/faces?subject=Anna&limit=1000']);
});

it('collections and the status', async () => {
  const { client, asked } = clientOf({ collections: [collection()], next_cursor: null }, STATUS);
  assert.deepEqual(await readCollections(client), [collection()]);
  assert.deepEqual(await readPeopleStatus(client), STATUS);
  assert.deepEqual(asked, ['/v1/collections?limit=1000', '/v1/people']);
});

it('an answer of another version is told as that', async () => {
  await assert.rejects(readPeopleStatus(clientOf({ state: 'odd' }).client), /is not understood .*another version/);
});

it('tells what is not there from what went wrong', () => {
  const problem = { type: '', title: '', status: 404, detail: '', code: 'not_found', request_id: '1' };
  assert.equal(isNotFound(new CliError(4, 'x', { problem })), true);
  assert.equal(isNotFound(new CliError(4, 'x', { problem: { ...problem, code: 'conflict' } })), false);
  assert.equal(isNotFound(new Error('not_found')), false);
});
