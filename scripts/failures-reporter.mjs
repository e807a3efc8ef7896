/** A reporter of `node --test` that tells only what failed, so that `npm test` can end with it. */
import path from 'node:path';
import process from 'node:process';
import { inspect } from 'node:util';

/** Of one failure; the whole of it is where it happened. */
const LINES = 14;

/**
 * @param {AsyncIterable<import('node:test/reporters').TestEvent>} source
 * @returns {AsyncGenerator<string>}
 */
async function* failures(source) {
  for await (const event of source) {
    if (event.type !== 'test:fail' || event.data.todo !== undefined) continue;
    const { name, file, line, details } = event.data;
    // A suite fails with its tests, which are told themselves.
    if (failureTypeOf(details.error) === 'subtestsFailed') continue;
    const where = file === undefined ? '' : `${path.relative(process.cwd(), file)}:${line} `;
    // Of a file that was killed the cause is a sentence; how it ended is in the error itself.
    const { cause } = details.error;
    const text = inspect(cause instanceof Error ? cause : details.error)
      .split('\n')
      .filter((one) => one.trim() !== '' && !one.includes('node:internal/'));
    const more = text.length > LINES ? [`… ${text.length - LINES} more lines`] : [];
    yield `${where}${name}\n${[...text.slice(0, LINES), ...more].map((one) => `    ${one}\n`).join('')}`;
  }
}

/** @param {Error} error */
function failureTypeOf(error) {
  return 'failureType' in error ? error.failureType : undefined;
}

// oxlint-disable-next-line import/no-default-export -- `node --test` takes nothing else.
export default failures;
