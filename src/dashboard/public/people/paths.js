/** Names of people in addresses of the API. */

/**
 * `v1/collections/<collection>/<rest>`.
 * @param {string} collection
 * @param {...string} rest
 * @throws {Error} for what no browser can have in a path
 */
export function pathOf(collection, ...rest) {
  const parts = [collection, ...rest];
  // A browser takes "." and ".." (however they are written) for steps in the path: something else would be asked for.
  if (parts.some((part) => part === '' || part === '.' || part === '..'))
    throw new Error('Browsers cannot ask for a name that is empty, “.” or “..”: use the command facepool people.');
  return ['v1/collections', ...parts.map(encodeURIComponent)].join('/');
}

/** @param {Record<string, string | number | null | undefined>} values null, undefined and '' are left out */
export function queryOf(values) {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(values))
    if (value !== null && value !== undefined && value !== '') query.set(name, String(value));
  const text = query.toString();
  return text === '' ? '' : `?${text}`;
}
