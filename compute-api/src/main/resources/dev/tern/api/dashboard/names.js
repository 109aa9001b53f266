// A server by its name, wherever it is spoken of. What speaks of it may be there before its name is known.

import * as store from './store.js';
import {h, text} from './dom.js';
import {short} from './format.js';

export const nameOf = id => store.servers.get(id)?.name ?? short(id);

/** Bears its name from when it is known, also after it is renamed. */
export const serverLink = id => h('a', {href: '#/servers/' + id, 'data-named': id}, nameOf(id));

/** The same within a title. */
export const named = id => h('span', {'data-named': id}, nameOf(id));

export function nameAgain(changes) {
  for (const link of document.querySelectorAll('[data-named]')) {
    if (changes.all || changes.servers.has(link.dataset.named)) text(link, nameOf(link.dataset.named));
  }
}
