// Before anything is done: what it will do, and what is expected of it.

import * as api from './api.js';
import {h, put, text, notice, facts} from './dom.js';
import {bytes, millis, span} from './format.js';

/**
 * Asks before something is done. The dialog stays until it is done, or says why it is not.
 *
 * @param what {title, says, button, danger, form: element, forecast: () => Promise<Node>, act: () => Promise<string>}
 */
export function ask(what) {
  const back = document.activeElement;
  const failure = h('p', {class: 'failure', role: 'alert'});
  const outlook = h('div', {class: 'outlook', 'aria-live': 'polite'});
  const button = h('button', {class: what.danger ? 'danger' : 'primary', id: 'confirm', type: 'submit'}, what.button);
  const form = h('form', {onsubmit: async event => {
    event.preventDefault();
    button.disabled = true;
    text(failure, '');
    try {
      const done = await what.act();
      end();
      if (done) notice(done);
    } catch (e) {
      text(failure, e.message);
      button.disabled = false;
    }
  }},
  h('h2', {id: 'dialog-title'}, what.title),
  h('div', {class: 'says'}, [what.says].flat().map(line => (line instanceof Node ? line : h('p', {}, line)))),
  what.form, outlook, failure,
  h('div', {class: 'actions'}, button, h('button', {type: 'button', id: 'cancel', onclick: end}, 'Do nothing')));
  const dialog = h('dialog', {'aria-labelledby': 'dialog-title'}, form);
  dialog.addEventListener('close', () => {
    dialog.remove();
    back?.focus?.();
  });
  function end() {
    dialog.close();
    // At once: its event comes later, and another question may stand there by then.
    dialog.remove();
  }
  document.body.append(dialog);
  dialog.showModal();
  let turn = 0;
  const look = async () => {
    if (!what.forecast) return;
    const mine = ++turn;
    put(outlook, h('p', {class: 'note'}, 'Asking what would come of it…'));
    let said;
    try {
      said = await what.forecast();
    } catch (e) {
      said = h('p', {class: 'note'}, 'No forecast: ' + e.message);
    }
    if (mine === turn && dialog.isConnected) put(outlook, said || null);
  };
  look();
  return {look, close: end};
}

/** Another page is opened: what was asked on the one before is no longer asked. */
export function closeAll() {
  document.querySelectorAll('dialog').forEach(dialog => dialog.close());
}

/** What a preflight says of one server. */
export function preflightView(view) {
  const plan = view.plan ?? {};
  const forecast = view.forecast ?? {};
  return h('div', {class: 'preflight', id: 'preflight'},
    h('p', {class: view.possible ? 'verdict good' : 'verdict bad'}, view.possible ? `It can move${view.destination ? ` to ${view.destination}` : ''}.` : 'It cannot move now:'),
    view.blockers?.length ? h('ul', {}, view.blockers.map(one => h('li', {}, one.message))) : null,
    view.possible ? facts([
      ['Memory', bytes(plan.memory_bytes)],
      ['Disks', bytes((plan.disk_bytes ?? 0) + (plan.layer_bytes ?? 0))],
      ['Expected time', forecast.seconds ? span(forecast.seconds) : 'not known'],
      ['Expected pause', forecast.pause_millis === null || forecast.pause_millis === undefined ? 'not known' : millis(forecast.pause_millis)],
      ['The guest writes', forecast.writes ? written(forecast.writes) : 'not known'],
      ['Would converge', typeof forecast.converges === 'boolean' ? (forecast.converges ? 'yes' : 'no') : 'not known'],
      ['Could come back', view.return ? (view.return.possible ? 'yes' : 'no: ' + (view.return.reasons?.[0] ?? '')) : 'not known'],
    ]) : null,
    forecast.reason && view.possible ? h('p', {class: 'note'}, forecast.reason) : null,
    forecast.basis && view.possible ? h('p', {class: 'note'}, 'The forecast rests on: ' + forecast.basis) : null,
    view.cold ? coldView(view.cold) : null);
}

/** What it would take to move it while it does not run. */
function coldView(cold) {
  const forecast = cold.forecast ?? {};
  const down = forecast.down_millis;
  return h('div', {class: 'cold', id: 'preflight-cold'},
    h('p', {class: cold.possible ? 'verdict good' : 'verdict bad'}, cold.possible ? `It can move cold (migrate)${cold.destination ? ` to ${cold.destination}` : ''}.` : 'It cannot move cold either:'),
    cold.blockers?.length ? h('ul', {}, cold.blockers.map(one => h('li', {}, one.message))) : null,
    cold.possible ? facts([
      ['Disks', bytes((cold.plan?.disk_bytes ?? 0) + (cold.plan?.layer_bytes ?? 0))],
      ['Expected time', forecast.seconds ? span(forecast.seconds) : 'not known'],
      ['Shut down for', down === null || down === undefined ? 'it does not run' : 'about ' + millis(down)],
    ]) : null,
    cold.says ? h('p', {class: 'note'}, cold.says) : null);
}

const written = writes => {
  const memory = writes.memory_bytes_per_second;
  return `memory ${memory === null || memory === undefined ? 'not known' : bytes(memory) + '/s'}, disks ${bytes(writes.disk_bytes_per_second)}/s`;
};

export async function preflight(body) {
  return (await api.post('v1/preflight', body)).preflight;
}

export const field = (label, input, hint) => h('div', {class: 'field'}, h('label', {for: input.id}, label), input, hint ? h('small', {}, hint) : null);
