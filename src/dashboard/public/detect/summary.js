/** Answers in sentences. */
import { duration, plural } from '../lib/format.js';

/** @import { FacesAnswer, ModelRef } from '../../../contract/results.ts' */

/** @param {FacesAnswer} answer */
export function describe({ faces, truncated, timings_ms: timings }) {
  const found = faces.length === 0 ? 'No face found' : `${plural(faces.length, 'face')} found`;
  const parts = [`${found} in ${duration(timings['total'])}.`];
  const labels = faces.flatMap(({ liveness }) => (liveness === undefined ? [] : [liveness.label]));
  if (labels.length > 0) {
    const counts = /** @type {const} */ (['live', 'spoof', 'unsure'])
      .map((label) => ({ label, count: labels.filter((each) => each === label).length }))
      .filter(({ count }) => count > 0)
      .map(({ label, count }) => `${count} ${label}`);
    parts.push(`${counts.join(', ')}.`);
  }
  const refused = faces.filter(({ ood }) => ood?.accepted === false).length;
  if (refused > 0) parts.push(`${refused} out of distribution.`);
  if (truncated) parts.push('There are more; the largest are shown.');
  return parts.join(' ');
}

/** @param {{ request_id: string, models: Readonly<Record<string, ModelRef>> }} answer */
export function modelsLine({ request_id: id, models }) {
  const used = Object.entries(models).map(([name, { version, provider }]) => `${name} ${version} (${provider})`);
  return [...used, `request ${id}`].join(' · ');
}
