// One server: how it is, where, what it is made of, what it says, and moving it.

import * as api from './api.js';
import * as store from './store.js';
import {h, put, text, attribute, badge, showBadge, empty, table, facts, bar} from './dom.js';
import {bytes, time, short, words} from './format.js';
import {migrateServer, abort, force, steer, migrationRow, MIGRATION_HEADS} from './migrations.js';
import {coldRow, COLD_HEADS} from './cold.js';

const LINES = 200;

function open(main, id) {
  let closed = false;
  const name = h('h1', {}, short(id));
  const state = badge('');
  const actions = h('div', {class: 'actions'});
  const about = h('section', {class: 'card'});
  const moving = h('section', {class: 'card', id: 'moving', hidden: true});
  const disks = h('section', {class: 'card', id: 'disks'}, h('h2', {}, 'Disks'), h('p', {class: 'note'}, 'Asking its host…'));
  const log = h('pre', {class: 'console', tabindex: 0, 'aria-label': 'Console log'});
  const consoleCard = h('section', {class: 'card wide', id: 'console'}, h('div', {class: 'card-head'}, h('h2', {}, 'Console log'), h('button', {class: 'small', onclick: readLog}, 'Read again')), log);
  const past = h('section', {class: 'card wide', id: 'past'});
  const done = h('section', {class: 'card wide', id: 'actions-done'});
  main.append(
    h('p', {class: 'crumbs'}, h('a', {href: '#/servers'}, 'Servers')),
    h('div', {class: 'head'}, h('div', {class: 'title'}, name, state), actions),
    h('div', {class: 'columns'}, about, disks), moving, consoleCard, past, done);

  const progress = bar('Moved');
  const link = h('a', {});
  put(moving, h('h2', {}, 'Moving now'), h('p', {}, link), progress);
  let buttons = '';
  let gone = false;

  function show() {
    const server = store.servers.get(id);
    if (!server) {
      text(state, gone ? 'deleted' : 'reading…');
      return;
    }
    gone = true;
    text(name, server.name);
    document.title = `${server.name} · Tern`;
    showBadge(state, server.status.toLowerCase());
    const migration = store.migrationOf(id);
    put(about, h('h2', {}, 'About'), facts([
      ['Id', h('code', {}, id)],
      store.may.hosts || server.host ? ['Host', server.host ?? 'none'] : null,
      ['Doing', server.task ? words(server.task) : 'nothing'],
      ['Size', `${server.vcpus} vCPU, ${bytes(server.ram * 2 ** 20)} memory, ${server.disk} GiB disk`],
      ['Flavor', server.flavor],
      ['Project', server.project],
      server.created ? ['Made', time(server.created)] : null,
      server.locked ? ['Locked', 'yes'] : null,
      server.fault ? ['Fault', server.fault.message] : null,
      store.may.hosts ? ['Why there', h('a', {href: '#/decisions?server=' + id}, 'Decisions about it')] : null,
    ]));
    moving.hidden = server.status !== 'MIGRATING';
    if (!moving.hidden) {
      const percent = migration?.progress?.percent ?? server.progress;
      text(link, migration ? `${migration.source} → ${migration.destination ?? 'a host not chosen yet'}` : 'To another host');
      attribute(link, 'href', migration ? '#/migrations/' + migration.uuid : null);
      progress.show(percent / 100, Math.round(percent) + ' %');
    }
    const wanted = migration ? 'moving' : server.status + server.task;
    if (wanted !== buttons) {
      buttons = wanted;
      put(actions, migration
        ? [h('button', {id: 'steer', onclick: () => steer(store.migrationOf(id) ?? migration)}, 'Steer…'),
          h('button', {id: 'force', onclick: () => force(migration)}, 'Force complete…'),
          h('button', {id: 'abort', class: 'danger', onclick: () => abort(migration)}, 'Abort…')]
        : [h('button', {id: 'migrate', class: 'primary', disabled: !['ACTIVE', 'PAUSED'].includes(server.status) || Boolean(server.task), onclick: () => migrateServer(store.servers.get(id))}, 'Migrate…')]);
    }
  }

  async function readDisks() {
    try {
      const found = (await api.get(`v1/servers/${id}/disks`)).disks;
      if (closed) return;
      put(disks, h('h2', {}, 'Disks'), found.length === 0 ? empty('It has none.') : table('Disks', ['Disk', 'Format', 'Size', 'Allocated', 'Cache'],
        found.map(disk => [h('strong', {}, disk.id), disk.format, bytes(disk.virtual_bytes), bytes(disk.allocated_bytes), disk.cache])));
    } catch (e) {
      put(disks, h('h2', {}, 'Disks'), h('p', {class: 'note'}, e.message));
    }
  }

  async function readLog() {
    try {
      const said = await api.post(`v2.1/servers/${id}/action`, {'os-getConsoleOutput': {length: LINES}});
      const atEnd = log.scrollHeight - log.scrollTop - log.clientHeight < 20;
      text(log, said?.output || 'It has written nothing.');
      if (atEnd) log.scrollTop = log.scrollHeight;
    } catch (e) {
      text(log, e.message);
    }
  }

  async function readPast() {
    const [moves, colds, acts] = await Promise.all([
      api.allowed(api.get(`v1/migrations?server=${id}&limit=20`).then(body => body.migrations), null).catch(() => null),
      api.allowed(api.get(`v1/cold-migrations?server=${id}&limit=20`).then(body => body.cold_migrations), []).catch(() => []),
      api.get(`v2.1/servers/${id}/os-instance-actions?limit=20`).then(body => body.instanceActions).catch(() => []),
    ]);
    if (closed) return;
    past.hidden = moves === null;
    if (moves) put(past, h('h2', {}, 'Migrations'), moves.length ? table('Migrations of it', MIGRATION_HEADS, moves.map(migrationRow)) : colds.length ? null : empty('It has not been moved.'),
      colds.length ? table('Cold migrations of it', COLD_HEADS, colds.map(coldRow)) : null);
    put(done, h('h2', {}, 'What was asked of it'), table('Actions', ['When', 'What', 'Request', 'Who', 'Outcome'],
      acts.map(one => [time(one.start_time), words(one.action), h('code', {}, one.request_id), one.user_id, one.message ?? ''])));
  }

  /** One that no list or event has told of yet may be there. */
  async function readServer() {
    try {
      const {server} = await api.get('v2.1/servers/' + encodeURIComponent(id));
      if (!closed) store.keepServer(server);
    } catch (e) {
      if (!closed && e.status === 404) put(main, h('h1', {}, 'Server'), empty('There is no such server, or it is not yours.', h('p', {}, h('a', {href: '#/servers'}, 'All servers'))));
    }
  }

  let seen = '';
  show();
  readServer();
  readDisks();
  readLog();
  readPast();
  return {
    update: changes => {
      if (!(changes.all || changes.servers.has(id) || changes.migrations.size)) return;
      show();
      const server = store.servers.get(id);
      const key = server ? `${server.host} ${server.status}` : '';
      if (seen && key && seen !== key) {
        readPast();
        readDisks();
      }
      seen = key;
    },
    close: () => { closed = true; },
  };
}

export default {open};
