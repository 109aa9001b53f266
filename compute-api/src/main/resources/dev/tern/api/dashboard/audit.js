// What the database says, held against what each host has now.

import * as api from './api.js';
import * as store from './store.js';
import {h, put, text, badge, empty, table} from './dom.js';
import {time, words} from './format.js';

const PAGE = 20;

function open(main) {
  let closed = false;
  const search = h('input', {type: 'search', id: 'audit-search', placeholder: 'Host, kind or server', 'aria-label': 'Find differences', oninput: draw});
  const button = h('button', {class: 'primary', id: 'compare', onclick: read}, 'Compare now');
  const verdict = h('p', {class: 'verdict', role: 'status'});
  const found = h('div');
  main.append(h('div', {class: 'head'}, h('h1', {}, 'Audit'), h('div', {class: 'filters'}, search, button)),
    h('p', {class: 'lead'}, 'Asks every host what it has and compares it with the database: guests, disks, claims, exports. Nothing is changed.'), verdict, found);
  let hosts = [];
  let differences = [];
  let refused = null;
  let asked = false;

  async function read() {
    button.disabled = true;
    asked = true;
    hosts = [];
    differences = [];
    refused = null;
    try {
      let next = `v1/audit?limit=${PAGE}`;
      while (next && !closed) {
        text(verdict, `Asking… ${hosts.length} hosts have been compared.`);
        const body = await api.get(next);
        hosts.push(...body.audit.hosts);
        differences.push(...body.audit.differences);
        const link = (body.audit_links ?? []).find(one => one.rel === 'next');
        next = link ? 'v1/audit' + new URL(link.href, document.baseURI).search : null;
        draw();
      }
    } catch (e) {
      refused = e.status === 403 ? 'Audits are shown to administrators.' : e.message;
    }
    button.disabled = false;
    draw();
  }

  function draw() {
    if (refused) {
      text(verdict, '');
      put(found, empty(refused));
      return;
    }
    if (!asked) return;
    const unknown = hosts.filter(host => host.state === 'unknown');
    if (!button.disabled) {
      verdict.className = 'verdict ' + (differences.length ? 'bad' : unknown.length ? '' : 'good');
      text(verdict, (differences.length === 0 ? 'No difference' : differences.length === 1 ? 'One difference' : `${differences.length} differences`) + ` on ${hosts.length - unknown.length} hosts.` + (unknown.length ? ` ${unknown.length} did not answer.` : ''));
    }
    const wanted = search.value.trim().toLowerCase();
    const fitting = differences.filter(one => !wanted || [one.kind, one.host, one.server ?? '', one.object?.name ?? ''].some(part => part.toLowerCase().includes(wanted)));
    put(found,
      fitting.map(one => h('section', {class: 'card difference'},
        h('div', {class: 'card-head'}, h('h2', {}, words(one.kind)), badge(one.host, 'warn')),
        one.object ? h('p', {}, `${words(one.object.kind)} `, h('code', {}, one.object.name)) : null,
        one.server ? h('p', {}, 'Server ', h('a', {href: '#/servers/' + one.server}, store.servers.get(one.server)?.name ?? one.server)) : null,
        h('dl', {class: 'facts'}, h('div', {}, h('dt', {}, 'The database says'), h('dd', {}, one.database)), h('div', {}, h('dt', {}, 'The host has'), h('dd', {}, one.seen)), one.since ? h('div', {}, h('dt', {}, 'Since'), h('dd', {}, time(one.since))) : null),
        h('p', {class: 'remark'}, one.remedy))),
      hosts.length ? h('section', {class: 'card list'}, table('Hosts', ['Host', 'State', 'Differences', 'Why'], hosts.map(host => [host.host, badge(host.state), host.differences + (host.left_off ? ` (${host.left_off} left off)` : ''), host.reason ?? '']))) : null);
  }

  if (store.hosts.size <= PAGE) read();
  return {close: () => { closed = true; }};
}

export default {open};
