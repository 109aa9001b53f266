// Servers that go to another host without their guests: cold migrations, resizes and evacuations.

import * as api from './api.js';
import {h, put, badge, empty, table, facts} from './dom.js';
import {bytes, rate, time, clock, millis, seconds, words} from './format.js';
import {nameOf} from './names.js';

/** No event tells of them. */
const REFRESH = 1500;
const WAITS_FOR_A_WORD = 'finished';

export const COLD_HEADS = ['Kind', 'From → to', 'Status', 'Shut down for', 'Begun'];

export function coldRow(one) {
  return [
    h('a', {href: '#/migrations/' + one.uuid}, one.kind === 'resize' ? 'resize' : 'cold migration'),
    `${one.source} → ${one.destination ?? '…'}`,
    badge(one.status),
    one.waiting ? 'waits for its turn' : one.ran ? millis(one.down_millis) : 'it did not run',
    time(one.created_at),
  ];
}

/** Shows one of them as the page, until it is closed. */
export function showWithoutGuest(main, id) {
  let closed = false;
  let due = null;
  let seen = '';
  let wasCold = true;

  async function read() {
    let settled = false;
    try {
      const cold = wasCold ? await api.get('v1/cold-migrations/' + id).then(body => body.cold_migration).catch(e => { if (e.status === 404) return null; throw e; }) : null;
      const {receipt} = await api.get(`v1/migrations/${id}/receipt`);
      if (closed) return;
      wasCold = cold !== null;
      settled = receipt.settled;
      const now = JSON.stringify([cold, receipt]);
      // What has not changed stays as it is, under the keyboard and the eyes.
      if (now !== seen) draw(cold, receipt);
      seen = now;
    } catch (e) {
      // What was shown stays while the API is away.
      if (!closed && !seen) put(main, h('h1', {}, 'Migration'), empty(e.message));
      settled = e.status >= 400 && e.status < 500;
    }
    if (!closed && !settled) due = setTimeout(read, REFRESH);
  }

  function draw(cold, receipt) {
    const moved = receipt.moved;
    document.title = `${nameOf(moved.server)} moves · Tern`;
    put(main,
      h('p', {class: 'crumbs'}, h('a', {href: '#/migrations'}, 'Migrations')),
      h('div', {class: 'head'}, h('div', {class: 'title'}, h('h1', {}, nameOf(moved.server)), badge(receipt.status))),
      h('p', {class: 'way'}, h('span', {}, moved.from), h('span', {'aria-label': 'to', class: 'arrow'}, '→'), h('span', {}, moved.to ?? 'not chosen yet'), h('a', {href: '#/servers/' + moved.server}, 'The server'), h('a', {href: '#/decisions?server=' + moved.server}, 'Why there')),
      receipt.failure ? h('p', {class: 'failure', id: 'migration-failure'}, receipt.failure.message) : null,
      cold ? h('p', {class: 'note', id: 'cold-says'}, says(cold)) : null,
      receiptView(receipt, cold),
      cold ? h('section', {class: 'card wide', id: 'log'}, h('h2', {}, 'Steps'), cold.log.length ? table('Steps', ['When', 'Step', 'What', ''], cold.log.map(line => [clock(line.at), line.step, words(line.what), line.detail])) : empty('None yet.')) : null);
  }

  read();
  return {
    close: () => {
      closed = true;
      clearTimeout(due);
    },
  };
}

function says(cold) {
  if (cold.waiting) return `${cold.waiting.reason} ${cold.waiting.ahead ? `${cold.waiting.ahead} that want the same hosts are ahead.` : 'It is next.'} Its guest ${cold.ran ? 'runs on meanwhile' : 'does not run'}.`;
  if (cold.status === WAITS_FOR_A_WORD) return 'Both hosts have the server. Confirm it, and the old copy is removed; revert it, and the server is what it was when it left.';
  if (cold.ended_at) return `It ended ${time(cold.ended_at)}.`;
  if (cold.left_at) return `${cold.ran ? `Its guest was told to shut down ${time(cold.left_at)}, and starts again when its disks are there` : 'Its disks are on their way'}${cold.bytes_per_second ? `; they are sent at ${rate(cold.bytes_per_second)} at most` : ''}.`;
  return cold.ran ? 'Its guest still runs where it was.' : 'Its guest does not run.';
}

function receiptView(one, cold) {
  const moved = one.moved;
  const rebuilt = one.rebuilt;
  return h('section', {class: 'card wide', id: 'receipt'}, h('h2', {}, 'Receipt'),
    h('p', {class: one.settled ? 'verdict good' : 'verdict'}, one.settled ? 'All that was made is in use or gone.' : cold && !cold.finished_at && !cold.ended_at ? 'It is under way.' : 'Not settled yet: both hosts have the server, or one has not told.'),
    facts([
      ['Kind', one.kind === 'evacuation' ? 'evacuation: made anew' : one.kind === 'resize' ? 'resize' : 'cold migration'],
      ['Took', seconds(moved.seconds)],
      ...(rebuilt ? [['Made anew from', 'image ' + (rebuilt.image ?? 'not known')], ['Not read', rebuilt.not_read]] : [
        ['Sent', bytes(moved.bytes)],
        ['Shut down for', moved.ran ? millis(moved.down_millis) : 'it did not run'],
        ['Tries', moved.tries ?? '–'],
        ['Verified', moved.verified ? moved.verified.how : 'not yet'],
      ]),
      cold?.request_id ? ['Request', h('code', {}, cold.request_id)] : null,
    ]),
    table('Made', ['Host', 'Kind', 'Name', 'Became'], one.objects.map(object => [object.host, words(object.kind), h('code', {}, object.name), badge(object.state, object.state === 'open' ? 'warn' : 'good')])));
}
