/** Every command, in the order of the help. */
import type { Command } from './command.ts';
import { alerts, alertsSilence } from './commands/alerts.ts';
import { configCheck, configShow } from './commands/config.ts';
import { events } from './commands/events.ts';
import { faceCommands } from './commands/faces.ts';
import { keysCreate, keysList, keysRevoke } from './commands/keys.ts';
import { logs } from './commands/logs.ts';
import { modelsAdd, modelsRemove } from './commands/models-add.ts';
import { modelsList, modelsPull, modelsVerify } from './commands/models.ts';
import { start } from './commands/start.ts';
import { load, restart, stop, unload } from './commands/actions.ts';
import { pin, unpin } from './commands/pin.ts';
import { reload } from './commands/reload.ts';
import { canary, promote, rollback, shadow, swap } from './commands/swap.ts';
import { history, swaps, versions } from './commands/versions.ts';
import { people, peopleCollections, peopleList, peopleShow, peopleStatus } from './commands/people.ts';
import { peopleAdd } from './commands/people-add.ts';
import { peopleMerge, peopleRemove, peopleRemoveFace, peopleRename, peopleSet } from './commands/people-change.ts';
import { peopleImport } from './commands/people-import.ts';
import { peopleReembed } from './commands/people-reembed.ts';
import { peopleBackup, peopleCheck, peopleExport, peopleRestore } from './commands/people-store.ts';
import { plan } from './commands/plan.ts';
import { top } from './commands/top.ts';
import { trends } from './commands/trends.ts';
import { search } from './commands/search.ts';
import { status } from './commands/status.ts';
import { verify } from './commands/verify.ts';
import { version } from './commands/version.ts';

export const COMMANDS: readonly Command[] = [
  start,
  status,
  top,
  trends,
  events,
  alerts,
  alertsSilence,
  restart,
  stop,
  load,
  unload,
  pin,
  unpin,
  plan,
  logs,
  versions,
  history,
  swaps,
  swap,
  canary,
  shadow,
  promote,
  rollback,
  reload,
  ...faceCommands,
  verify,
  search,
  people,
  peopleStatus,
  peopleCollections,
  peopleList,
  peopleShow,
  peopleAdd,
  peopleImport,
  peopleRename,
  peopleMerge,
  peopleSet,
  peopleRemove,
  peopleRemoveFace,
  peopleExport,
  peopleBackup,
  peopleRestore,
  peopleCheck,
  peopleReembed,
  modelsList,
  modelsPull,
  modelsVerify,
  modelsAdd,
  modelsRemove,
  keysCreate,
  keysList,
  keysRevoke,
  configCheck,
  configShow,
  version,
  {
    name: 'help',
    words: '[command]',
    summary: 'this list, or help about one command',
    options: {},
    run: () => Promise.reject(new Error('help is answered before a command runs')),
  },
];
