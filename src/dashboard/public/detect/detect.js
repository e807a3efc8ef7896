/** The tab "Detect": one picture or the camera in, faces out; and two pictures to compare. */
import { download, downloadCsv, downloadPng, fileName } from '../lib/download.js';
import { fill, h, say } from '../lib/dom.js';
import { isAbort, sentence } from '../lib/problem.js';
import { askFaces } from './ask.js';
import { createFaceTable, facesCsv } from './face-table.js';
import { createPictureInput, pastedPicture, showable } from './picture-input.js';
import { createStage } from './stage.js';
import { describe, modelsLine } from './summary.js';
import { createTimings } from './timings.js';
import { createVerify } from './verify.js';
import { createLive } from './live.js';

/** @import { FacesAnswer } from '../../../contract/results.ts' */

/** @param {HTMLElement} panel */
export function createDetect(panel) {
  const summary = h('p', {
    class: 'summary',
    text: 'Faces, landmarks, quality and liveness are shown over the picture.',
  });
  const note = h('p', { class: 'note', hidden: true });
  const origin = h('p', { class: 'muted small' });
  const timings = createTimings();
  const stage = createStage({ onSelect: (index) => select(index) });
  const table = createFaceTable((index) => select(index));
  const tools = h('div', { class: 'row tools', hidden: true });
  const layers = { landmarks: true, labels: true };
  /** @type {FacesAnswer | null} */
  let shown = null;
  let running = new AbortController();

  /** @param {number} index */
  const select = (index) => {
    stage.select(index);
    table.select(index);
  };
  /** @param {string} text @param {'error' | 'warning' | ''} [tone] empty text: no note */
  const tell = (text, tone = '') => {
    note.hidden = text === '';
    note.textContent = text;
    note.dataset['tone'] = tone;
  };
  /** @param {FacesAnswer} answer @param {string | null} missing */
  const show = (answer, missing) => {
    shown = answer;
    stage.setSize(answer.image);
    stage.setFaces(answer.faces, describe(answer));
    table.setFaces(answer.faces);
    timings.show(answer.timings_ms);
    origin.textContent = modelsLine(answer);
    summary.textContent = describe(answer);
    tools.hidden = false;
    tell(missing ?? '', 'warning');
  };
  const clear = () => {
    shown = null;
    table.setFaces([]);
    timings.show(null);
    origin.textContent = '';
    tools.hidden = true;
    tell('');
  };

  /** @param {Blob} file */
  const take = async (file) => {
    live.stop();
    running.abort();
    const mine = new AbortController();
    running = mine;
    clear();
    panel.setAttribute('aria-busy', 'true');
    summary.textContent = 'Looking for faces …';
    try {
      const [picture, result] = await Promise.all([
        showable(file).then((found) => {
          if (!mine.signal.aborted) stage.show(found?.bitmap ?? null, found ?? { width: 4, height: 3 });
          return found;
        }),
        askFaces(file, { signal: mine.signal, byHand: true }),
      ]);
      if (mine.signal.aborted) return;
      const unseen =
        picture === null ? 'This browser cannot show this format; boxes are drawn on a plain ground. ' : '';
      show(result.answer, unseen + (result.missing ?? '') || null);
      say(describe(result.answer));
    } catch (error) {
      if (mine.signal.aborted || isAbort(error)) return;
      summary.textContent = 'No answer for this picture.';
      tell(sentence(error), 'error');
      say(sentence(error));
    } finally {
      if (running === mine) panel.removeAttribute('aria-busy');
    }
  };

  const live = createLive({
    onStart: () => {
      running.abort();
      clear();
      summary.textContent = 'Opening the camera …';
    },
    onPicture: (bitmap, { answer, missing }, rate) => {
      stage.show(bitmap, answer.image);
      show(answer, missing);
      summary.textContent = `${describe(answer)} ${rate.toFixed(1)} pictures per second.`;
    },
    onError: (error) => {
      summary.textContent = shown === null ? 'No picture from the camera.' : describe(shown);
      tell(sentence(error), 'error');
      say(sentence(error));
    },
    onStop: () => {
      if (shown !== null) summary.textContent = describe(shown);
    },
  });

  /** @param {keyof typeof layers} name @param {string} label */
  const toggle = (name, label) => {
    const box = h('input', { type: 'checkbox', checked: true });
    box.addEventListener('change', () => {
      layers[name] = box.checked;
      stage.setLayers({ ...layers });
    });
    return h('label', { class: 'check' }, box, label);
  };
  tools.append(
    toggle('landmarks', 'Landmarks'),
    toggle('labels', 'Labels'),
    h('button', {
      type: 'button',
      text: 'Save PNG',
      onclick: () => void downloadPng(fileName('faces', 'png'), stage.canvas),
    }),
    h('button', {
      type: 'button',
      text: 'Save CSV',
      onclick: () => shown !== null && downloadCsv(fileName('faces', 'csv'), facesCsv(shown.faces)),
    }),
    h('button', {
      type: 'button',
      text: 'Save answer',
      title: 'The answer of the API as JSON',
      onclick: () => download(fileName('faces', 'json'), new Blob([JSON.stringify(shown, null, 2)])),
    }),
  );

  const input = createPictureInput({ label: 'Choose a picture', onPicture: (file) => void take(file) });
  input.actions.append(live.button);
  const verify = createVerify();
  fill(
    panel,
    h(
      'div',
      { class: 'stack' },
      h(
        'section',
        { class: 'card detect', 'aria-labelledby': 'detect-title' },
        h('h2', { id: 'detect-title', text: 'Find faces' }),
        h('div', { class: 'picture' }, input.element, stage.element, tools),
        h('div', { class: 'result stack' }, summary, note, table.element, timings.element, origin),
      ),
      verify.element,
    ),
  );
  // A picture that is dropped beside its place must not replace the page.
  for (const type of ['dragover', 'drop']) document.addEventListener(type, (event) => event.preventDefault());
  document.addEventListener('paste', (event) => {
    const file = pastedPicture(event);
    if (panel.hidden || file === undefined) return;
    event.preventDefault();
    if (!verify.paste(file)) void take(file);
  });
  return {
    /** The camera is closed when it is not looked at. */
    hide: () => live.stop(),
  };
}
