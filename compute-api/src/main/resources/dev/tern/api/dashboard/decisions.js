// Why a server is where it is, why not elsewhere, and what would have helped.

import * as api from './api.js';
import * as store from './store.js';
import {h, put, badge, empty, table, bar} from './dom.js';
import {time, short} from './format.js';

const NAMED = 30;
const HOSTS = 50;

function scores(hosts) {
  const most = Math.max(1e-9, ...hosts.map(host => host.weight));
  return hosts.map((host, place) => {
    const all = bar(host.host + (place === 0 ? ', the best' : ''));
    all.show(host.weight / most, host.weight.toFixed(3));
    return h('details', {class: 'score', open: place === 0}, h('summary', {}, all),
      host.scores.length ? table('Scores of ' + host.host, ['Weigher', 'Value', 'Points'], host.scores.map(one => [one.weigher, Number(one.value).toLocaleString(), Number(one.points).toFixed(3)])) : h('p', {class: 'note'}, 'No weigher had anything to say.'));
  });
}

function view(one) {
  const passed = one.hosts.filter(host => host.passed).sort((a, b) => b.weight - a.weight);
  const refused = one.hosts.filter(host => !host.passed);
  const chosen = passed.find(host => host.host === one.host);
  if (chosen) passed.splice(0, 0, ...passed.splice(passed.indexOf(chosen), 1));
  return h('section', {class: 'card decision', 'aria-label': 'Decision ' + one.request_id},
    h('div', {class: 'card-head'},
      h('h2', {}, h('a', {href: '#/servers/' + one.server}, store.servers.get(one.server)?.name ?? short(one.server)), one.host ? ` → ${one.host}` : ': no host'),
      badge(one.host ? 'placed' : 'refused', one.host ? 'good' : 'bad')),
    h('p', {class: 'note'}, `${time(one.decided_at)}, `, h('a', {href: '#/decisions/' + one.request_id}, h('code', {}, one.request_id)), `. Of ${one.looked} hosts ${one.passed} would do.`),
    one.failure ? h('p', {class: 'failure'}, one.failure.message) : null,
    h('div', {class: 'why-columns'},
      passed.length ? h('div', {}, h('h3', {}, one.host ? `Why ${one.host}` : 'Who would do'), scores(passed.slice(0, HOSTS))) : null,
      refused.length ? h('div', {}, h('h3', {}, 'Why not the others'), table('Hosts that were refused', ['Host', 'Filter', 'Why', 'Needed', 'Available', 'Fits if'],
        refused.slice(0, HOSTS).flatMap(host => host.refusals.map(why => [host.host, why.filter, why.message, why.needed, why.available, why.fits_if ?? '–'])))) : null,
      one.would_fit.length ? h('div', {class: 'would-fit'}, h('h3', {}, 'What would make it fit'), h('ul', {}, one.would_fit.map(hint => h('li', {}, hint.text)))) : null,
      one.refused_by.length ? h('p', {class: 'note'}, 'Refused by: ' + one.refused_by.map(count => `${count.filter} (${count.hosts})`).join(', ')) : null));
}

function open(main, request, query) {
  let closed = false;
  let kept = null;
  let shown = query.get('server');
  const search = h('input', {type: 'search', id: 'decision-search', placeholder: 'Server, or req-…', 'aria-label': 'Find decisions by server or request', list: 'decision-servers', value: request ?? (shown ? store.servers.get(shown)?.name ?? shown : '')});
  const names = h('datalist', {id: 'decision-servers'});
  const found = h('div');
  const go = event => {
    event.preventDefault();
    const wanted = search.value.trim();
    if (/^req-/.test(wanted)) location.hash = '#/decisions/' + encodeURIComponent(wanted);
    else {
      const server = [...store.servers.values()].find(one => one.name === wanted || one.id === wanted);
      if (server) location.hash = '#/decisions?server=' + server.id;
      else if (/^[0-9a-f-]{36}$/.test(wanted)) location.hash = '#/decisions?server=' + wanted;
      else put(found, empty(wanted ? `No server is called ${wanted}.` : 'Name a server or a request.'));
    }
  };
  main.append(h('div', {class: 'head'}, h('h1', {}, 'Decisions'), h('form', {class: 'filters', role: 'search', onsubmit: go}, search, names, h('button', {type: 'submit'}, 'Show'))), found);

  function choose() {
    const all = [...store.servers.values()].sort((a, b) => a.name.localeCompare(b.name, undefined, {numeric: true}));
    put(names, all.slice(0, 500).map(one => h('option', {value: one.name})));
    if (request || shown) return;
    put(found, h('p', {class: 'lead'}, 'Each time a server is placed or moved it is kept why: which hosts would do and how they were weighed, which were refused by what, and what would have helped.'),
      all.length ? h('section', {class: 'card'}, h('h2', {}, 'Servers'), h('ul', {class: 'names'}, all.slice(0, NAMED).map(one => h('li', {}, h('a', {href: '#/decisions?server=' + one.id}, one.name), h('span', {class: 'note'}, ' ' + (one.host ?? ''))))), all.length > NAMED ? h('p', {class: 'note'}, `And ${all.length - NAMED} more: name one above.`) : null) : null);
  }

  function show() {
    if (shown && search.value === shown) search.value = store.servers.get(shown)?.name ?? shown;
    if (kept && !closed) put(found, kept.length ? kept.map(view) : empty('No decision about it is kept.'));
  }

  async function read() {
    if (!request && !shown) return;
    put(found, empty('Reading…'));
    try {
      kept = (await api.get(request ? 'v1/decisions/' + encodeURIComponent(request) : `v1/servers/${encodeURIComponent(shown)}/decisions`)).decisions;
      show();
    } catch (e) {
      if (!closed) put(found, empty(e.status === 403 ? 'Decisions are shown to administrators.' : e.message));
    }
  }

  choose();
  read();
  return {update: changes => {
    // Names come with the list of servers; what is being read is not pulled away.
    if ((changes.all || changes.servers.has(shown)) && !found.contains(document.activeElement)) {
      choose();
      show();
    }
  }, close: () => { closed = true; }};
}

export default {open};
