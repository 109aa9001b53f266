// The cluster: every host with what it gives and has given, and its servers as blocks that move.

import * as store from './store.js';
import {h, put, text, attribute, keyed, bar, badge, showBadge, empty} from './dom.js';
import {bytes, seconds, short} from './format.js';
import {drainHost} from './drains.js';

const MOST = 60;
/** With more servers on a host they are squares without names. */
const NAMED = 14;
/** More at once is no sight. */
const FLIGHTS = 24;
const NUMBERS = new Intl.Collator(undefined, {numeric: true});
const STILL = matchMedia('(prefers-reduced-motion: reduce)');

function stateOf(host) {
  const drain = store.drainOf(host.name);
  if (host.state === 'down') return 'down';
  if (drain) return drain.state === 'returning' ? 'returning' : drain.paused ? 'paused' : 'draining';
  return host.status === 'disabled' ? 'closed' : 'up';
}

function kind(server) {
  if (server.status === 'MIGRATING') return 'moving';
  if (server.status === 'ERROR') return 'error';
  if (server.status === 'ACTIVE') return 'active';
  return ['SHUTOFF', 'PAUSED', 'SUSPENDED'].includes(server.status) ? 'off' : 'busy';
}

const percentOf = migration => Math.round(migration?.progress?.percent ?? 0);

function open(main) {
  let query = '';
  let wanted = 'all';
  let most = MOST;
  const cards = new Map();
  const blocks = new Map();
  const byHost = new Map();
  const arrivals = new Map();

  const tiles = h('div', {class: 'tiles'});
  const values = {};
  for (const [id, label] of [['hosts', 'Hosts up'], ['servers', 'Servers'], ['moving', 'Moving now'], ['memory', 'Memory given'], ['disk', 'Disk given']]) {
    values[id] = h('strong', {id: 'tile-' + id}, '–');
    tiles.append(h('div', {class: 'tile'}, values[id], h('span', {}, label)));
  }
  const moves = h('section', {class: 'card moves', 'aria-label': 'Moving now'});
  const grid = h('div', {class: 'hosts'});
  const more = h('button', {onclick: () => { most += MOST; draw(); }}, 'Show more hosts');
  const none = h('div');
  const search = h('input', {type: 'search', id: 'cluster-search', placeholder: 'Host or server', 'aria-label': 'Find a host or server', oninput: () => { query = search.value.trim().toLowerCase(); most = MOST; draw(); }});
  const states = h('select', {'aria-label': 'State of hosts', onchange: () => { wanted = states.value; draw(); }},
    [['all', 'All hosts'], ['up', 'Up'], ['down', 'Down'], ['closed', 'Closed or draining']].map(([value, label]) => h('option', {value}, label)));
  const legend = h('ul', {class: 'legend', 'aria-label': 'Colours of servers'},
    [['active', 'active'], ['moving', 'moving'], ['busy', 'starting, stopping'], ['off', 'off'], ['error', 'error']].map(([name, label]) => h('li', {}, h('span', {class: 'guest-mark guest-' + name}), label)));
  main.append(h('div', {class: 'head'}, h('h1', {}, 'Cluster'), h('div', {class: 'filters'}, search, states)), tiles, moves, legend, grid, more, none);

  function block(server) {
    let element = blocks.get(server.id);
    if (!element) {
      element = h('a', {href: '#/servers/' + server.id, 'data-server': server.id}, h('span', {class: 'guest-done'}), h('span', {class: 'guest-name'}));
      blocks.set(server.id, element);
    }
    const migration = server.status === 'MIGRATING' ? store.migrationOf(server.id) : null;
    attribute(element, 'class', 'guest guest-' + kind(server));
    text(element.lastChild, server.name);
    const done = migration ? percentOf(migration) : server.status === 'MIGRATING' ? server.progress : 0;
    element.firstChild.style.width = done + '%';
    attribute(element, 'title', `${server.name}: ${server.status.toLowerCase()}${server.status === 'MIGRATING' ? ` ${done} %` : ''}`);
    attribute(element, 'aria-label', element.getAttribute('title'));
    return element;
  }

  function card(host) {
    const name = h('h2', {}, host.name);
    const state = badge('up');
    const why = h('p', {class: 'why'});
    const memory = bar('Memory');
    const disk = bar('Disk');
    const cpus = bar('vCPUs');
    const count = h('span', {class: 'count'});
    const guests = h('div', {class: 'guests'});
    const drain = h('button', {class: 'small', 'aria-label': `Drain ${host.name}`, onclick: () => {
      const running = store.drainOf(host.name);
      if (running) location.hash = '#/drains/' + running.id;
      else drainHost(host.name);
    }}, 'Drain…');
    const element = h('article', {class: 'card host', 'data-host': host.name, 'aria-label': 'Host ' + host.name},
      h('div', {class: 'host-head'}, name, state, count, drain), why,
      h('div', {class: 'bars'}, memory, disk, cpus), guests);
    return {element, guests, show: now => {
      const word = stateOf(now);
      showBadge(state, word);
      text(drain, store.drainOf(now.name) ? 'Drain' : 'Drain…');
      text(why, now.status === 'disabled' ? now.reason ?? '' : '');
      why.hidden = !why.textContent;
      memory.show(now.memoryUsed / now.memory, `${bytes(now.memoryUsed * 2 ** 20)} of ${bytes(now.memory * 2 ** 20)}`);
      disk.show(now.diskUsed / now.disk, `${bytes(now.diskUsed * 2 ** 30)} of ${bytes(now.disk * 2 ** 30)}`);
      cpus.show(now.vcpusUsed / now.vcpus, `${now.vcpusUsed} of ${now.vcpus}`);
      const there = byHost.get(now.name) ?? [];
      text(count, there.length === 1 ? '1 server' : there.length + ' servers');
      guests.classList.toggle('many', there.length > NAMED);
      const coming = arrivals.get(now.name) ?? [];
      keyed(guests, [...there, ...coming], one => (one.uuid ? 'to-' + one.uuid : one.id), one => (one.uuid ? ghost(one) : block(one)), (element, one) => (one.uuid ? showGhost(element, one) : block(one)));
    }};
  }

  function ghost(migration) {
    return h('a', {class: 'guest guest-coming', href: '#/migrations/' + migration.uuid}, h('span', {class: 'guest-done'}), h('span', {class: 'guest-name'}));
  }

  function showGhost(element, migration) {
    const name = store.servers.get(migration.server)?.name ?? short(migration.server);
    element.firstChild.style.width = percentOf(migration) + '%';
    text(element.lastChild, name);
    attribute(element, 'title', `${name} is arriving: ${percentOf(migration)} %`);
    attribute(element, 'aria-label', element.getAttribute('title'));
  }

  /** A copy flies from where the block was to where it is; the block itself is there at once. */
  function fly(element, from, to) {
    if (!from.width || !to.width) return;
    const copy = element.cloneNode(true);
    copy.removeAttribute('data-server');
    copy.setAttribute('class', element.getAttribute('class') + ' flying');
    Object.assign(copy.style, {left: to.left + 'px', top: to.top + 'px', width: to.width + 'px', height: to.height + 'px'});
    document.getElementById('layer').append(copy);
    element.classList.add('landing');
    const flight = copy.animate([
      {transform: `translate(${from.left - to.left}px, ${from.top - to.top}px) scale(1)`},
      {transform: `translate(${(from.left - to.left) / 2}px, ${(from.top - to.top) / 2 - 24}px) scale(1.15)`, offset: 0.5},
      {transform: 'none'},
    ], {duration: 900, easing: 'cubic-bezier(.45,.05,.25,1)'});
    flight.onfinish = flight.oncancel = () => { copy.remove(); element.classList.remove('landing'); };
  }

  function gather() {
    byHost.clear();
    arrivals.clear();
    for (const server of store.servers.values()) {
      const list = byHost.get(server.host);
      if (list) list.push(server);
      else byHost.set(server.host, [server]);
    }
    for (const list of byHost.values()) list.sort((a, b) => NUMBERS.compare(a.name, b.name) || (a.id < b.id ? -1 : 1));
    for (const migration of store.migrations.values()) {
      if (!store.inProgress(migration) || !migration.destination || store.servers.get(migration.server)?.host === migration.destination) continue;
      arrivals.set(migration.destination, [...(arrivals.get(migration.destination) ?? []), migration]);
    }
  }

  function matches(host) {
    const state = stateOf(host);
    if (wanted === 'up' && state === 'down') return false;
    if (wanted === 'down' && state !== 'down') return false;
    if (wanted === 'closed' && (state === 'up' || state === 'down')) return false;
    return !query || host.name.toLowerCase().includes(query) || (byHost.get(host.name) ?? []).some(one => one.name.toLowerCase().includes(query) || one.id === query);
  }

  function showTiles() {
    const all = [...store.hosts.values()];
    const sum = field => all.reduce((total, host) => total + (host[field] ?? 0), 0);
    text(values.hosts, `${all.filter(host => host.state === 'up').length} of ${all.length}`);
    text(values.servers, store.servers.size);
    text(values.moving, [...store.servers.values()].filter(one => one.status === 'MIGRATING').length);
    text(values.memory, sum('memory') ? Math.round(100 * sum('memoryUsed') / sum('memory')) + ' %' : '–');
    text(values.disk, sum('disk') ? Math.round(100 * sum('diskUsed') / sum('disk')) + ' %' : '–');
  }

  function showMoves() {
    const all = [...store.migrations.values()].filter(store.inProgress).slice(0, 8);
    moves.hidden = all.length === 0;
    keyed(moves, all, one => one.uuid, one => {
      const progress = bar('');
      const link = h('a', {href: '#/migrations/' + one.uuid});
      const line = h('div', {class: 'move'}, link, progress);
      line.show = now => {
        text(link, `${store.servers.get(now.server)?.name ?? short(now.server)}: ${now.source} → ${now.destination ?? '…'}`);
        const left = now.progress?.left_seconds?.expected;
        progress.show(percentOf(now) / 100, `${percentOf(now)} %${left === undefined || left === null ? '' : `, ${seconds(left)} left`}`);
      };
      return line;
    }, (line, one) => line.show(one));
  }

  function drawHosts(shown) {
    keyed(grid, shown, host => host.name, host => {
      const made = card(host);
      cards.set(host.name, made);
      return made.element;
    }, (_, host) => cards.get(host.name).show(host));
  }

  function draw() {
    gather();
    const fitting = [...store.hosts.values()].filter(matches).sort((a, b) => NUMBERS.compare(a.name, b.name));
    const shown = fitting.slice(0, most);
    drawHosts(shown);
    more.hidden = fitting.length <= most;
    text(more, `Show more hosts (${fitting.length - shown.length})`);
    const homeless = store.servers.size && (!store.may.hosts || byHost.get(null));
    put(none,
      !store.progress.loaded ? store.progress.failed ? empty('The cluster could not be read: ' + store.progress.failed) : empty('Reading…')
        : !store.may.hosts ? empty('Hosts are shown to administrators.', h('p', {}, h('a', {href: '#/servers'}, 'Your servers')))
          : store.hosts.size === 0 ? empty('No host has reported yet.')
            : fitting.length === 0 ? empty('No host fits the filter.') : null,
      homeless && store.may.hosts ? h('section', {class: 'card'}, h('h2', {}, 'On no host'), h('div', {class: 'guests'}, byHost.get(null).slice(0, 200).map(block))) : null);
    showTiles();
    showMoves();
  }

  draw();
  return {update: changes => {
    const moved = [];
    for (const id of changes.servers) {
      const element = blocks.get(id);
      const now = store.servers.get(id);
      const home = element?.closest('.host')?.dataset.host;
      if (element && home && now?.host && now.host !== home) moved.push([element, element.getBoundingClientRect()]);
      if (!now) blocks.delete(id);
    }
    draw();
    if (STILL.matches || document.hidden) return;
    // All are measured before any is changed: each change would have the page laid out anew.
    moved.slice(0, FLIGHTS).map(([element, from]) => [element, from, element.getBoundingClientRect()]).forEach(flight => fly(...flight));
  }};
}

export default {open};
