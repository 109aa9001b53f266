// The shell: who looks, which page, which theme, and whether what is shown is live.

import * as api from './api.js';
import * as store from './store.js';
import {h, put, text, attribute, notice} from './dom.js';
import {closeAll} from './dialog.js';
import {nameAgain} from './names.js';
import cluster from './cluster.js';
import list from './servers.js';
import server from './server.js';
import {migrations, migration} from './migrations.js';
import {drains, drain} from './drains.js';
import decisions from './decisions.js';
import audit from './audit.js';

const PAGES = [
  ['cluster', 'Cluster', () => cluster],
  ['servers', 'Servers', id => (id ? server : list)],
  ['migrations', 'Migrations', id => (id ? migration : migrations)],
  ['drains', 'Drains', id => (id ? drain : drains)],
  ['decisions', 'Decisions', () => decisions],
  ['audit', 'Audit', () => audit],
];
const THEME = 'tern.theme';
const THEMES = ['system', 'light', 'dark'];

const app = document.getElementById('app');
let shown = null;
let main = null;
let live = null;
let links = new Map();

function theme() {
  try {
    return localStorage.getItem(THEME) ?? 'system';
  } catch {
    return 'system';
  }
}

function setTheme(wanted) {
  try {
    localStorage.setItem(THEME, wanted);
  } catch {
    // It is not kept, then.
  }
  attribute(document.documentElement, 'data-theme', wanted === 'system' ? null : wanted);
}

function themeSwitch() {
  const button = h('button', {class: 'plain', id: 'theme', onclick: () => {
    setTheme(THEMES[(THEMES.indexOf(theme()) + 1) % THEMES.length]);
    name();
  }});
  const name = () => {
    text(button, {system: '◐', light: '☀', dark: '☾'}[theme()]);
    attribute(button, 'aria-label', `Theme: ${theme()}. Change`);
    attribute(button, 'title', `Theme: ${theme()}`);
  };
  name();
  return button;
}

function logo() {
  return h('img', {src: 'ui/tern.svg', alt: '', width: 28, height: 28});
}

function shell() {
  links = new Map(PAGES.map(([id, label]) => [id, h('a', {href: '#/' + id}, label)]));
  live = h('span', {class: 'live', id: 'live'});
  main = h('main', {id: 'main', tabindex: -1});
  const who = api.hasToken() ? [h('span', {class: 'who'}, api.user()), h('button', {class: 'plain', id: 'logout', onclick: logOut}, 'Log out')]
    : api.login().token_optional && api.login().auth !== 'none' ? [h('button', {class: 'plain', onclick: () => loginPage(true)}, 'Log in')] : [];
  put(app,
    h('header', {class: 'top'},
      h('a', {class: 'brand', href: '#/cluster', 'aria-label': 'Tern, cluster'}, logo(), h('span', {}, 'Tern')),
      h('nav', {'aria-label': 'Pages'}, [...links.values()]),
      h('div', {class: 'tools'}, live, themeSwitch(), who)),
    main);
  showLive();
}

function showLive() {
  if (!live) return;
  const state = store.progress.failed ? 'failed' : store.progress.state;
  attribute(live, 'data-state', state);
  text(live, {live: 'Live', away: 'Connecting…', failed: 'Not read'}[state]);
  attribute(live, 'title', store.progress.failed ?? 'Changes are shown as they happen');
}

function route() {
  const [page, id] = location.hash.replace(/^#\/?/, '').split('?')[0].split('/');
  return {page: PAGES.some(one => one[0] === page) ? page : 'cluster', id: id ? decodeURIComponent(id) : null};
}

let before = '';

function go() {
  if (!main) return;
  const {page, id} = route();
  const [, label, choose] = PAGES.find(one => one[0] === page);
  shown?.close?.();
  closeAll();
  links.forEach((link, name) => attribute(link, 'aria-current', name === page ? 'page' : null));
  links.get(page).parentNode.scrollLeft = Math.max(0, links.get(page).offsetLeft - 60);
  put(main);
  document.title = `${label} · Tern`;
  shown = choose(id).open(main, id, new URLSearchParams(location.hash.split('?')[1] ?? '')) ?? null;
  // A new page is read from its beginning, and the keyboard is there; not on the first one, where the browser's own order holds.
  if (before && before !== page + '/' + id) {
    main.focus({preventScroll: true});
    window.scrollTo(0, 0);
  }
  before = page + '/' + id;
}

function loginPage(mayReturn) {
  store.end();
  shown?.close?.();
  shown = null;
  main = null;
  const name = h('input', {id: 'user', name: 'username', autocomplete: 'username', required: true});
  const password = h('input', {id: 'password', name: 'password', type: 'password', autocomplete: 'current-password', required: true});
  const project = h('input', {id: 'project', name: 'project', autocomplete: 'off', placeholder: 'your own, if empty'});
  const domain = h('input', {id: 'domain', name: 'domain', autocomplete: 'off', placeholder: 'Default'});
  const failure = h('p', {class: 'failure', role: 'alert', id: 'login-failure'});
  const button = h('button', {class: 'primary', type: 'submit', id: 'login'}, 'Log in');
  const form = h('form', {class: 'login card', onsubmit: async event => {
    event.preventDefault();
    button.disabled = true;
    text(failure, '');
    try {
      await api.logIn(name.value, password.value, project.value, domain.value);
      begin();
    } catch (e) {
      text(failure, e.message);
      button.disabled = false;
      password.focus();
    }
  }},
  h('div', {class: 'login-head'}, logo(), h('h1', {}, 'Tern')),
  h('label', {for: 'user'}, 'User'), name,
  h('label', {for: 'password'}, 'Password'), password,
  h('details', {}, h('summary', {}, 'Project and domain'),
    h('label', {for: 'project'}, 'Project'), project,
    h('label', {for: 'domain'}, 'Domain'), domain),
  failure,
  h('div', {class: 'actions'}, button, mayReturn && h('button', {type: 'button', onclick: begin}, 'Go on without')));
  put(app, h('main', {id: 'main', class: 'login-page', tabindex: -1}, form));
  document.title = 'Log in · Tern';
  name.focus();
}

async function logOut() {
  await api.logOut();
  if (api.login().token_optional) begin();
  else loginPage(false);
}

function begin() {
  before = '';
  shell();
  store.start();
  go();
}

setTheme(theme());
api.whenLoginIsNeeded(() => loginPage(api.login().token_optional));
store.listen(changes => {
  showLive();
  nameAgain(changes);
  shown?.update?.(changes);
});
addEventListener('hashchange', () => {
  // The link that skips to the content is no page.
  if (location.hash !== '#main') go();
});
addEventListener('unhandledrejection', event => notice(event.reason?.message ?? 'Something went wrong.', 'bad'));
document.querySelector('.skip').addEventListener('click', event => {
  event.preventDefault();
  document.getElementById('main')?.focus();
});

api.loadConfig().then(config => {
  if (config.token_optional || api.hasToken()) begin();
  else loginPage(false);
}).catch(e => put(app, h('main', {class: 'login-page'}, h('div', {class: 'card'}, h('h1', {}, 'Tern'), h('p', {role: 'alert'}, e.message)))));
