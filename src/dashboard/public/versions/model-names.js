/** Names of models, and of the processes of their versions. */

/** @import { ModelStatus } from '../../../contract/results.ts' */

/**
 * A version beside the stable one is a process `model@version` of its own: a model is named once.
 * @param {readonly Pick<ModelStatus, 'name' | 'kind'>[]} models
 */
export function modelNames(models) {
  const names = models.filter(({ kind }) => kind === 'model').map(({ name }) => modelOf(name));
  return [...new Set(names)];
}

/** @param {string} process */
export function modelOf(process) {
  return process.split('@', 1)[0] ?? process;
}
