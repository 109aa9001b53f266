// All servers, filtered, of which only those rows exist that are in sight.

import * as store from './store.js';
import {h, put, text, attribute, showBadge, badge} from './dom.js';
import {bytes} from './format.js';

const ROW = 52;
const SPARE = 6;
const NUMBERS = new Intl.Collator(undefined, {numeric: true});

function open(main, _, query) {
  const search = h('input', {type: 'search', id: 'server-search', value: query.get('q') ?? '', placeholder: 'Name, id, host or project', 'aria-label': 'Find servers', oninput: () => draw(true)});
  const status = h('select', {'aria-label': 'Status', onchange: () => draw(true)},
    ['', 'ACTIVE', 'MIGRATING', 'BUILD', 'SHUTOFF', 'PAUSED', 'ERROR'].map(value => h('option', {value}, value ? value.toLowerCase() : 'Any status')));
  const order = h('select', {'aria-label': 'Order', onchange: () => draw(true)},
    [['name', 'By name'], ['host', 'By host'], ['status', 'By status']].map(([value, label]) => h('option', {value}, label)));
  const count = h('p', {class: 'note', role: 'status'});
  const rows = h('div', {class: 'rows', role: 'rowgroup'});
  const window = h('div', {class: 'window', id: 'server-rows', tabindex: -1}, rows);
  const head = h('div', {class: 'row row-head', role: 'row'}, ['Name', 'Status', 'Host', 'Size', 'Project'].map(name => h('span', {role: 'columnheader'}, name)));
  const grid = h('div', {class: 'card list', role: 'table', 'aria-label': 'Servers'}, h('div', {role: 'rowgroup'}, head), window);
  main.append(h('div', {class: 'head'}, h('h1', {}, 'Servers'), h('div', {class: 'filters'}, search, status, order)), count, grid);

  let fitting = [];
  const made = new Map();
  let planned = false;

  function row(id) {
    const name = h('a', {href: '#/servers/' + encodeURIComponent(id), class: 'row-name'});
    const state = badge('');
    const cells = [name, state, h('span', {}), h('span', {}), h('span', {class: 'mono'})];
    const element = h('div', {class: 'row', role: 'row', onkeydown: step}, cells.map(cell => h('span', {role: 'cell'}, cell)));
    element.link = name;
    element.show = server => {
      text(name, server.name);
      showBadge(state, server.status.toLowerCase() + (server.status === 'MIGRATING' ? ` ${server.progress} %` : ''), server.status === 'MIGRATING' ? 'busy' : undefined);
      text(cells[2], server.host ?? '–');
      text(cells[3], `${server.vcpus ?? '–'} vCPU, ${bytes((server.ram ?? 0) * 2 ** 20)}`);
      text(cells[4], server.project);
    };
    return element;
  }

  /** Up and down go from server to server, past what is in sight. */
  function step(event) {
    const by = {ArrowDown: 1, ArrowUp: -1}[event.key];
    if (!by) return;
    event.preventDefault();
    const place = Math.max(0, Math.min(fitting.length - 1, event.currentTarget.place + by));
    const top = place * ROW;
    if (top < window.scrollTop) window.scrollTop = top;
    else if (top + ROW > window.scrollTop + window.clientHeight) window.scrollTop = top + ROW - window.clientHeight;
    inSight();
    made.get(fitting[place]?.id)?.link.focus({preventScroll: true});
  }

  function inSight() {
    planned = false;
    const first = Math.max(0, Math.floor(window.scrollTop / ROW) - SPARE);
    const last = Math.min(fitting.length, Math.ceil((window.scrollTop + window.clientHeight) / ROW) + SPARE);
    const gone = new Set(made.keys());
    for (let place = first; place < last; place++) {
      const server = fitting[place];
      gone.delete(server.id);
      let element = made.get(server.id);
      if (!element) {
        element = row(server.id);
        made.set(server.id, element);
        rows.append(element);
      }
      if (element.place !== place) {
        element.place = place;
        element.style.transform = `translateY(${place * ROW}px)`;
        attribute(element, 'aria-rowindex', place + 2);
      }
      element.show(server);
    }
    for (const id of gone) {
      // Who is there with the keyboard is not sent away.
      if (made.get(id).contains(document.activeElement) && store.servers.has(id)) continue;
      made.get(id).remove();
      made.delete(id);
    }
  }

  window.addEventListener('scroll', () => {
    if (!planned) {
      planned = true;
      requestAnimationFrame(inSight);
    }
  }, {passive: true});

  function draw(anew) {
    const wanted = search.value.trim().toLowerCase();
    const key = order.value || 'name';
    fitting = [...store.servers.values()].filter(server =>
      (!status.value || server.status === status.value)
      && (!wanted || [server.name, server.id, server.host ?? '', server.project].some(field => field.toLowerCase().includes(wanted))));
    fitting.sort((a, b) => NUMBERS.compare(a[key] ?? '~', b[key] ?? '~') || NUMBERS.compare(a.name, b.name));
    if (anew) window.scrollTop = 0;
    rows.style.height = fitting.length * ROW + 'px';
    attribute(grid, 'aria-rowcount', fitting.length + 1);
    text(count, !store.progress.loaded ? store.progress.failed ?? 'Reading…' : `${fitting.length} of ${store.servers.size} servers`);
    inSight();
  }

  draw();
  const resized = new ResizeObserver(() => inSight());
  resized.observe(window);
  return {
    update: changes => (changes.all || changes.servers.size) && draw(),
    close: () => resized.disconnect(),
  };
}

export default {open};
