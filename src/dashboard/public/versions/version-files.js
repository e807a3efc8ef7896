/** Which of the chosen files is what, by its name; and what the manifest says, as far as the form needs it. */

/** @typedef {'manifest' | 'weights' | 'golden' | 'licence'} FileKind */

/** @type {Readonly<Record<FileKind, { label: string, field: string }>>} field: of the form that is sent */
export const KINDS = {
  manifest: { label: 'manifest', field: 'manifest' },
  licence: { label: 'licence', field: 'licence' },
  golden: { label: 'golden example', field: 'golden' },
  weights: { label: 'weights', field: 'files' },
};

/** @param {string} name @returns {FileKind} */
export function kindOf(name) {
  if (/\.ya?ml$/i.test(name)) return 'manifest';
  if (/\.onnx$/i.test(name)) return 'weights';
  if (/\.json$/i.test(name)) return 'golden';
  return /^licen[cs]e|^copying|^notice|\.(?:txt|md)$/i.test(name) ? 'licence' : 'weights';
}

/**
 * One field at the top of a manifest; empty where it is not there. The server reads the manifest properly.
 * @param {string} manifest its text
 * @param {'name' | 'version'} field
 */
export function fieldOf(manifest, field) {
  return new RegExp(`^${field}:[ \\t]*(["']?)([^"'#\\s]+)\\1`, 'm').exec(manifest)?.[2] ?? '';
}

/**
 * Names of the files that a manifest speaks of.
 * @param {string} manifest its text
 * @returns {string[]}
 */
export function filesNamed(manifest) {
  const names = [...manifest.matchAll(/(?:^|[\s{,])file:[ \t]*(["']?)([^"'#\s,}]+)\1/gm)].map(
    ([, , name]) => name ?? '',
  );
  return [...new Set(names)];
}

/**
 * What is still missing, in words; empty where nothing seems to be. A golden example may be left out.
 * @param {readonly { name: string }[]} files
 * @param {string} manifest its text; empty without one
 */
export function missingFiles(files, manifest) {
  if (!files.some(({ name }) => kindOf(name) === 'manifest')) return 'The manifest is missing (manifest.yaml).';
  const there = new Set(files.map(({ name }) => name));
  const absent = filesNamed(manifest).filter((name) => !there.has(name) && kindOf(name) !== 'golden');
  if (absent.length > 0) return `The manifest names what is not chosen yet: ${absent.join(', ')}.`;
  return there.size > 1 ? '' : 'The weights are missing.';
}

/**
 * The form that registers a version: what is small and says what is to come goes first.
 * @param {string} version
 * @param {readonly File[]} files
 */
export function formOf(version, files) {
  const order = Object.keys(KINDS);
  const sorted = [...files].sort((a, b) => order.indexOf(kindOf(a.name)) - order.indexOf(kindOf(b.name)));
  const form = new FormData();
  form.append('version', version);
  for (const file of sorted) form.append(KINDS[kindOf(file.name)].field, file, file.name);
  return form;
}
