/** Obtains weights and shows how far it is: a bar on a terminal, plain lines elsewhere. */
import { pull, type PullProgress, type PullResult } from '../models/pull.ts';
import { storeOptions } from '../models/store.ts';
import type { Settings } from '../contract/settings.ts';
import { formatBytes } from '../util/format.ts';
import type { Screen } from './io.ts';
import { printable, printLine } from './io.ts';
import type { Selected } from './model-selection.ts';
import { progressBar } from '../util/progress-bar.ts';

const BAR_WIDTH = 24;
const CLEAR_LINE = '\r\u001b[2K';

export type Pulled = PullResult & { readonly model: string; readonly version: string };

/** One graph after the other; what failed is in the results. Nothing is shown for what is there already. */
export async function pullAll(
  settings: Settings,
  selected: readonly Selected[],
  screen: Screen | undefined,
): Promise<Pulled[]> {
  const results: Pulled[] = [];
  for (const { manifest, graphs } of selected) {
    const onProgress = screen === undefined ? undefined : showProgress(screen);
    const pulled = await pull(manifest, { store: storeOptions(settings), graphs, onProgress });
    if (screen?.isTTY === true) screen.write(CLEAR_LINE);
    for (const result of pulled) {
      results.push({ ...result, model: manifest.name, version: manifest.version });
      if (screen !== undefined) tell(screen, manifest.name, result);
    }
  }
  return results;
}

function tell(screen: Screen, model: string, result: PullResult): void {
  if (result.status === 'present') return;
  const what = `${model}: ${result.file} (${formatBytes(result.bytes)})`;
  if (result.status !== 'failed') printLine(screen, printable(`${what} ${result.status}`));
  else {
    printLine(screen, printable(`${what} could not be obtained:`));
    for (const problem of result.problems) printLine(screen, printable(`  ${problem}`));
  }
}

function showProgress(screen: Screen): (progress: PullProgress) => void {
  let shown = '';
  return ({ file, receivedBytes, totalBytes }) => {
    const part = totalBytes === 0 ? 1 : receivedBytes / totalBytes;
    // What is complete at once was there already.
    if (shown === '' && part === 1) return;
    const percent = Math.floor(part * 100);
    const key = screen.isTTY === true ? `${file} ${percent}` : `${file} ${Math.floor(percent / 25)}`;
    if (key === shown) return;
    shown = key;
    const figures = `${String(percent).padStart(3)} %  ${formatBytes(receivedBytes)} of ${formatBytes(totalBytes)}`;
    if (screen.isTTY !== true) printLine(screen, printable(`${file}: ${figures.trim()}`));
    else {
      screen.write(`${CLEAR_LINE}${printable(file)}  ${progressBar(part, BAR_WIDTH)} ${figures}`);
    }
  };
}
