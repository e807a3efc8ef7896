/** API keys, as the document names them. */

export const SECURITY_SCHEMES = {
  bearer: { type: 'http', scheme: 'bearer', description: 'an API key; the pictures’ routes need its scope `infer`' },
  apiKey: { type: 'apiKey', in: 'header', name: 'x-api-key', description: 'the same key, where Bearer is not at hand' },
} as const;
/** One of the two is needed. */
export const NEEDS_KEY = [{ bearer: [] }, { apiKey: [] }];
