/** People by the command line, on a real server: from the first picture to a backup that brings everybody back. */
import assert from 'node:assert/strict';
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { it } from 'node:test';
import * as z from 'zod';
import { EXIT } from '../../src/cli/exit-codes.ts';
import { peopleCheckSchema, storedFaceSchema, subjectSchema } from '../../src/contract/people.ts';
import { exportLineSchema } from '../../src/contract/people-export.ts';
import { type CliResult, withServer } from './support/server.ts';
import { picturePath, skip } from './support/shared.ts';

const shownSchema = z.strictObject({ person: subjectSchema, faces: z.array(storedFaceSchema) });
const photo = (name: string): string => picturePath(`photos/${name}.jpg`);

it('people are added, found, renamed, exported, saved, deleted and brought back', { skip }, async () => {
  await withServer({}, async (server) => {
    const file = (name: string): string => path.join(server.dataDir, name);
    const is = async (code: number, ...args: string[]): Promise<CliResult> => {
      const result = await server.cli(...args);
      assert.equal(result.code, code, `${args.join(' ')}: ${result.stderr}${result.stdout}`);
      assert.doesNotMatch(result.stderr + result.stdout, /\.ts:\d|node_modules|Error:/);
      return result;
    };
    const ok = async (...args: string[]): Promise<string> => (await is(EXIT.ok, ...args)).stdout;

    // Nobody is known yet.
    assert.match(await ok('people'), /^nobody is enrolled yet\n/);
    await is(EXIT.noMatch, 'search', photo('person-vlado'));
    await is(EXIT.refused, 'people', 'show', 'Vlado');

    assert.equal(await ok('people', 'reembed', 'status'), 'nothing is being embedded anew\n');
    await is(EXIT.refused, 'people', 'reembed', 'no-such-version');

    const refused = await is(
      EXIT.refused,
      'people',
      'add',
      'Vlado',
      photo('person-vlado'),
      photo('background'),
      photo('group-2'),
    );
    assert.match(refused.stdout, /^\S+person-vlado\.jpg: face \w{26} is enrolled\n$/);
    assert.match(refused.stderr, /background\.jpg: refused: no_face: .*\n.*group-2\.jpg: refused: too_many_faces: /);
    assert.match(await ok('people', 'add', 'Vlado', photo('person-vlado')), /was enrolled before, as face/);
    const other = await is(EXIT.refused, 'people', 'add', 'Somebody else', photo('person-vlado1'));
    assert.match(other.stderr, /refused: looks_like_other: /);
    await ok('people', 'add', 'Nicole', photo('person-nicole'));

    const found = await ok('recognize', photo('person-vlado5'));
    assert.match(found, /IDENTITY +SIMILARITY +MARGIN\n.* Vlado +0\.\d{3} +\d\.\d{3}\n$/);
    assert.match(
      await ok('search', photo('person-vlado5'), '--top-k', '2'),
      /^Vlado\n\n.*\nVlado +yes .*\nNicole +no /,
    );
    await is(EXIT.noMatch, 'search', photo('person-lauren'));

    await ok('people', 'set', 'Vlado', 'employee=17', 'floor=3rd');
    await ok('people', 'rename', 'Vlado', 'Vlado M.');
    await is(EXIT.refused, 'people', 'rename', 'Vlado M.', 'Nicole');
    const shown = shownSchema.parse(JSON.parse(await ok('people', 'show', 'Vlado M.', '--json')));
    assert.deepEqual([shown.person.metadata, shown.faces.length], [{ employee: 17, floor: '3rd' }, 1]);
    const names = async (): Promise<string[]> =>
      (await ok('people', 'list', '--json'))
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => subjectSchema.parse(JSON.parse(line)).subject);
    assert.deepEqual(await names(), ['Nicole', 'Vlado M.']);

    await ok('people', 'export', '--out', file('people.ndjson'));
    const lines = readFileSync(file('people.ndjson'), 'utf8').trimEnd().split('\n');
    const exported = lines.map((line) => exportLineSchema.parse(JSON.parse(line)));
    assert.deepEqual(
      exported.map(({ subject, faces: all }) => [subject, all.length]),
      [
        ['Nicole', 1],
        ['Vlado M.', 1],
      ],
    );
    for (const { faces: all } of exported) assert.equal(Buffer.from(all[0]?.embedding ?? '', 'base64').length, 1024);

    await ok('people', 'backup', file('backup.db'));
    assert.equal(statSync(file('backup.db')).mode & 0o777, 0o600);
    await is(EXIT.failure, 'people', 'backup', file('backup.db'));

    await is(EXIT.usage, 'people', 'rm', 'Nicole');
    await ok('people', 'rm', 'Nicole', '--yes');
    await ok('people', 'add', 'Lauren', photo('person-lauren'));
    await ok('people', 'merge', 'Lauren', 'Vlado M.');
    assert.deepEqual(await names(), ['Vlado M.']);
    assert.match(await ok('search', photo('person-lauren')), /^Vlado M\.\n/);
    assert.match(await ok('people', 'collections', 'rm', 'default', '--yes'), /with 1 person and 2 faces/);
    await is(EXIT.noMatch, 'search', photo('person-vlado'));

    // Nonsense changes nothing; the backup brings them back, also in the search.
    writeFileSync(file('nonsense.db'), 'no store at all');
    await is(EXIT.refused, 'people', 'restore', file('nonsense.db'), '--yes');
    const restored = peopleCheckSchema.parse(
      JSON.parse(await ok('people', 'restore', file('backup.db'), '--yes', '--json')),
    );
    assert.deepEqual([restored.ok, restored.subjects, restored.faces], [true, 2, 2]);
    assert.match(await ok('search', photo('person-vlado5')), /^Vlado M\.\n/);
    assert.match(await ok('people', 'check'), /^sound: 2 people with 2 faces in 1 collection/);
    const faceId = exported[0]?.faces[0]?.face_id ?? '';
    await ok('people', 'rm-face', faceId);
    await is(EXIT.noMatch, 'search', photo('person-nicole'));
  });
});
