/** A new version: its files go to the server, and every check is seen as it passes or fails. */
import { h, say, setText } from '../lib/dom.js';
import { keepFocus } from '../lib/keep-focus.js';
import { bytes } from '../lib/format.js';
import { ApiError, isAbort, sentence } from '../lib/problem.js';
import { upload } from '../lib/upload.js';
import { afterFailure, afterProgress, freshChecks, isVerdict } from './checks.js';
import { modelPath, NEEDS_ADMIN } from './client.js';
import { createFileDrop } from './file-drop.js';
import { createStepList } from './step-list.js';
import { fieldOf, formOf, kindOf, missingFiles } from './version-files.js';
import { CHECKS } from './words.js';

/** @import { Message } from '../lib/sse.js' */
/** @import { StageProgress } from '../../../contract/versions.ts' */

/** A manifest is small; more than this is none, and is not read. */
const MOST_MANIFEST_BYTES = 1_000_000;

/** @param {string} model @param {{ onRegistered: (version: string) => void }} options */
export function createRegister(model, { onRegistered }) {
  const id = (/** @type {string} */ part) => `register-${model}-${part}`;
  const version = h('input', {
    type: 'text',
    id: id('version'),
    autocomplete: 'off',
    spellcheck: 'false',
    maxlength: 64,
    'aria-describedby': id('hint'),
  });
  const hint = h('p', { id: id('hint'), class: 'muted small' });
  const send = h('button', { type: 'submit', class: 'primary', 'data-do': 'register', text: 'Check and register' });
  const cancel = h('button', { type: 'button', hidden: true, text: 'Give up' });
  const sending = h('progress', { max: 1, 'aria-label': 'Sent', hidden: true });
  const sent = h('span', { class: 'muted small number' });
  const list = createStepList(`Checks of the new version of ${model}`);
  list.element.hidden = true;
  const note = h('p', { class: 'note', hidden: true });
  /** @type {AbortController | null} */
  let running = null;
  let manifest = '';

  const tell = (/** @type {string} */ text, tone = '') => {
    note.hidden = text === '';
    note.dataset['tone'] = tone;
    setText(note, text);
    if (text !== '') say(`${model}: ${text}`);
  };
  const readManifest = async () => {
    const file = drop.files().find(({ name }) => kindOf(name) === 'manifest');
    manifest = file === undefined || file.size > MOST_MANIFEST_BYTES ? '' : await file.text();
    const said = fieldOf(manifest, 'version');
    if (said !== '') version.value = said;
    const missing = drop.files().length === 0 ? '' : missingFiles(drop.files(), manifest);
    setText(
      hint,
      missing === '' ? 'The server checks everything before it is registered; the default never moves.' : missing,
    );
  };
  const drop = createFileDrop(model, {
    onChange: () => void readManifest(),
    onProblem: (text) => tell(text, 'error'),
  });
  void readManifest();

  const start = async () => {
    const abort = new AbortController();
    running = abort;
    let checks = freshChecks();
    /** @type {ApiError[]} */
    const refusals = [];
    const show = () => list.update(checks);
    list.element.hidden = false;
    show();
    tell('');
    setBusy(true);
    /** @param {Message} message */
    const onMessage = ({ event, data }) => {
      if (event === 'step') {
        const progress = /** @type {StageProgress} */ (JSON.parse(data));
        checks = afterProgress(checks, progress);
        if (progress.ms === null) say(`${model}: ${CHECKS[progress.step]} …`);
        show();
      } else if (event === 'problem') refusals.push(new ApiError(JSON.parse(data)));
    };
    try {
      const form = formOf(version.value.trim(), drop.files());
      await upload(modelPath(model, 'versions'), {
        form,
        signal: abort.signal,
        needs: NEEDS_ADMIN,
        onSent: showSent,
        onMessage,
      });
      if (refusals[0] !== undefined) throw refusals[0];
      tell(`${version.value.trim()} is registered. The default has not moved: begin an update when you want it.`);
      onRegistered(version.value.trim());
      drop.clear();
    } catch (error) {
      if (isAbort(error)) {
        list.element.hidden = true;
        tell('Given up. Nothing was registered.');
      } else {
        if (isVerdict(error)) checks = afterFailure(checks, sentence(error), error);
        else list.element.hidden = true;
        show();
        tell(`Not registered. ${sentence(error)}`, 'error');
      }
    }
    setBusy(false);
    running = null;
  };
  /** @param {boolean} isBusy */
  const setBusy = (isBusy) => {
    send.setAttribute('aria-disabled', String(isBusy));
    keepFocus(form, send, () => {
      cancel.hidden = !isBusy;
    });
    sending.hidden = !isBusy;
    setText(sent, '');
  };
  /** @param {number} done @param {number} total */
  const showSent = (done, total) => {
    sending.value = total === 0 ? 1 : done / total;
    setText(sent, done < total ? `${bytes(done)} of ${bytes(total)}` : `${bytes(total)} sent, being checked`);
  };
  const form = h(
    'form',
    { class: 'register-form', novalidate: true },
    drop.element,
    h('div', { class: 'field' }, h('label', { for: version.id, text: 'Called' }), version, hint),
    h('div', { class: 'row' }, send, cancel, sending, sent),
  );
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    if (running !== null) return;
    if (drop.files().length === 0) tell('Choose the files of the version first.', 'error');
    else void start();
  });
  cancel.addEventListener('click', () => running?.abort());
  const element = h(
    'section',
    { 'aria-labelledby': id('title') },
    h('h4', { id: id('title'), text: 'Register a new version' }),
    form,
    list.element,
    note,
  );
  return { element };
}
