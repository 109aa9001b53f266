// Builds elements. Text is only ever text: nothing here, or anywhere in the dashboard, takes HTML.

const SVG = 'http://www.w3.org/2000/svg';

function fill(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes ?? {})) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith('on')) element.addEventListener(name.slice(2), value);
    else if (name === 'value' || name === 'checked' || name === 'disabled') element[name] = value;
    else element.setAttribute(name, value === true ? '' : String(value));
  }
  append(element, children);
  return element;
}

export function append(element, children) {
  for (const child of children.flat(Infinity)) {
    if (child === undefined || child === null || child === false) continue;
    element.append(child instanceof Node ? child : document.createTextNode(String(child)));
  }
}

/** h('p', {class: 'note'}, 'text', other): an element of HTML. */
export const h = (tag, attributes, ...children) => fill(document.createElement(tag), attributes, children);

/** The same of SVG. */
export const s = (tag, attributes, ...children) => fill(document.createElementNS(SVG, tag), attributes, children);

/** Puts these, and nothing else, into an element. */
export function put(element, ...children) {
  element.replaceChildren();
  append(element, children);
  return element;
}

/** Changes a text only where it differs, so that what is selected or read aloud stays. */
export function text(element, value) {
  const wanted = value === undefined || value === null ? '' : String(value);
  if (element.textContent !== wanted) element.textContent = wanted;
}

export function attribute(element, name, value) {
  if (value === undefined || value === null || value === false) element.removeAttribute(name);
  else if (element.getAttribute(name) !== String(value)) element.setAttribute(name, value);
}

/**
 * Keeps the children of an element in step with a list: those that stay are updated in place, so
 * that focus and selection stay too.
 */
export function keyed(parent, items, key, make, update) {
  const old = parent.keyed ?? new Map();
  const now = new Map();
  let place = parent.firstChild;
  for (const item of items) {
    const id = key(item);
    const element = old.get(id) ?? make(item);
    old.delete(id);
    now.set(id, element);
    update?.(element, item);
    if (element === place) place = place.nextSibling;
    else parent.insertBefore(element, place);
  }
  // One that another list has taken meanwhile is there, and not ours to remove.
  for (const gone of old.values()) if (gone.parentNode === parent) gone.remove();
  parent.keyed = now;
  return now;
}

/** A bar with its words: how much of what. */
export function bar(label, extra) {
  const name = h('span', {class: 'bar-name'}, label);
  const words = h('span', {class: 'bar-words'});
  const used = h('span', {class: 'bar-fill'});
  const track = h('div', {class: 'bar-track', role: 'progressbar', 'aria-label': label, 'aria-valuemin': 0, 'aria-valuemax': 100}, used);
  const element = h('div', {class: 'bar ' + (extra ?? '')}, h('div', {class: 'bar-head'}, name, words), track);
  element.show = (share, said) => {
    const percent = Math.max(0, Math.min(100, Number.isFinite(share) ? share * 100 : 0));
    used.style.width = percent.toFixed(1) + '%';
    attribute(track, 'aria-valuenow', Math.round(percent));
    attribute(track, 'aria-valuetext', said);
    text(words, said);
    element.classList.toggle('bar-high', percent >= 90);
    return element;
  };
  return element;
}

export const badge = (word, kind) => h('span', {class: 'badge badge-' + (kind ?? kindOf(word))}, word);

export function showBadge(element, word, kind) {
  text(element, word);
  attribute(element, 'class', 'badge badge-' + (kind ?? kindOf(word)));
}

const KINDS = {
  good: ['active', 'up', 'completed', 'drained', 'done', 'moved', 'returned', 'enabled', 'passed', 'compared', 'removed', 'kept', 'open', 'planned'],
  busy: ['migrating', 'running', 'preparing', 'queued', 'accepted', 'build', 'draining', 'planning', 'moving', 'returning', 'waiting', 'reboot', 'hard_reboot', 'rebuild', 'stopping'],
  bad: ['error', 'down', 'failed', 'refused', 'unknown', 'lost'],
  warn: ['disabled', 'cancelled', 'incomplete', 'paused', 'left', 'asking', 'in doubt', 'closed'],
};

/** How a state's word is coloured; the word itself is always there too. */
export function kindOf(word) {
  const lower = String(word ?? '').toLowerCase();
  return Object.keys(KINDS).find(kind => KINDS[kind].includes(lower)) ?? 'plain';
}

export function empty(words, ...more) {
  return h('div', {class: 'empty'}, h('p', {}, words), more);
}

/** A table of rows that are lists of cells. It scrolls by itself where it is too wide. */
export function table(caption, heads, rows) {
  return h('div', {class: 'scroll', tabindex: 0, role: 'region', 'aria-label': caption},
    h('table', {},
      h('caption', {class: 'unseen'}, caption),
      h('thead', {}, h('tr', {}, heads.map(head => h('th', {scope: 'col'}, head)))),
      h('tbody', {}, rows.map(cells => h('tr', {}, cells.map(cell => h('td', {}, cell)))))));
}

export function facts(pairs) {
  return h('dl', {class: 'facts'}, pairs.filter(pair => pair).map(([name, value]) =>
    h('div', {}, h('dt', {}, name), h('dd', {}, value ?? '–'))));
}

/** Says something for a while, also to who listens. */
export function notice(words, kind) {
  const line = h('div', {class: 'notice notice-' + (kind ?? 'good')}, h('span', {}, words),
    h('button', {class: 'plain', 'aria-label': 'Dismiss', onclick: () => line.remove()}, '×'));
  document.getElementById('notices').append(line);
  setTimeout(() => line.remove(), kind === 'bad' ? 15000 : 6000);
}
