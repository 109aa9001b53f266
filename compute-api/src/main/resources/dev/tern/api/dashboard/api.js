// The API of this same program, asked as anybody asks it.

const BASE = new URL('.', document.baseURI);
const TOKEN = 'tern.token';
const USER = 'tern.user';
const VERSION = 'compute 2.96';
/** The last one in which a list of hosts has what is used of each. */
const WITH_FIGURES = 'compute 2.87';

/** What the API refused with; its words are for the reader. */
export class Refused extends Error {
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

let onLogin = () => {};
let config = {auth: 'none', token_optional: true, identity: null};

export const whenLoginIsNeeded = action => { onLogin = action; };
export const user = () => sessionStorage.getItem(USER);
export const hasToken = () => sessionStorage.getItem(TOKEN) !== null;
export const login = () => config;

function headers(version) {
  const all = {Accept: 'application/json', 'OpenStack-API-Version': version ?? VERSION};
  const token = sessionStorage.getItem(TOKEN);
  if (token) all['X-Auth-Token'] = token;
  return all;
}

async function refusal(response) {
  let message = `${response.status} ${response.statusText}`;
  try {
    const body = await response.json();
    message = body[Object.keys(body)[0]]?.message ?? message;
  } catch {
    // No JSON: the status is all there is.
  }
  return new Refused(response.status, message);
}

export async function call(method, path, body, version) {
  const all = headers(version);
  if (body !== undefined) all['Content-Type'] = 'application/json';
  let response;
  try {
    response = await fetch(new URL(path, BASE), {method, headers: all, body: body === undefined ? undefined : JSON.stringify(body), cache: 'no-store'});
  } catch {
    throw new Refused(0, 'The API does not answer.');
  }
  if (response.status === 401) {
    forget();
    onLogin();
  }
  if (!response.ok) throw await refusal(response);
  return response.status === 204 || response.headers.get('Content-Length') === '0' ? null : response.json().catch(() => null);
}

export const get = (path, version) => call('GET', path, undefined, version);
export const post = (path, body) => call('POST', path, body ?? {});
export const patch = (path, body) => call('PATCH', path, body);

/** All pages of a list, each told as it comes. */
export async function pages(path, name, version, each) {
  let next = path;
  while (next) {
    const body = await get(next, version);
    each(body[name]);
    const link = (body[name + '_links'] ?? []).find(one => one.rel === 'next');
    const query = link ? new URL(link.href, BASE).search : null;
    next = query ? path.split('?')[0] + query : null;
  }
}

/** Empty when this caller may not see them, which is no failure. */
export async function allowed(promise, otherwise) {
  try {
    return await promise;
  } catch (e) {
    if (e instanceof Refused && e.status === 403) return otherwise;
    throw e;
  }
}

export const hosts = each => pages('v2.1/os-hypervisors/detail?limit=1000', 'hypervisors', WITH_FIGURES, each);

export async function loadConfig() {
  config = (await get('ui/login')).login;
  return config;
}

function forget() {
  sessionStorage.removeItem(TOKEN);
  sessionStorage.removeItem(USER);
}

const identity = () => config.identity ? config.identity + '/' : new URL('identity/v3/', BASE);

export async function logIn(name, password, project, domain) {
  const base = identity();
  const inDomain = {name: domain || 'Default'};
  const auth = {identity: {methods: ['password'], password: {user: {name, domain: inDomain, password}}}};
  if (project) auth.scope = {project: {name: project, domain: inDomain}};
  let found = await tokenFor(base, auth);
  if (!found.said.project) {
    // A user without a project of choice is logged into one of those there are.
    const projects = await fetch(new URL('auth/projects', base), {headers: {Accept: 'application/json', 'X-Auth-Token': found.token}});
    const first = projects.ok ? (await projects.json()).projects.sort((a, b) => a.name.localeCompare(b.name))[0] : null;
    if (!first) throw new Refused(403, 'This user is in no project.');
    found = await tokenFor(base, {identity: {methods: ['token'], token: {id: found.token}}, scope: {project: {id: first.id}}});
  }
  sessionStorage.setItem(TOKEN, found.token);
  sessionStorage.setItem(USER, `${found.said.user?.name ?? name} in ${found.said.project?.name ?? '?'}`);
}

async function tokenFor(base, auth) {
  let response;
  try {
    response = await fetch(new URL('auth/tokens', base), {method: 'POST', headers: {'Content-Type': 'application/json', Accept: 'application/json'}, body: JSON.stringify({auth})});
  } catch {
    // A browser does not tell a service that is away from one that does not allow this page.
    throw new Refused(0, config.identity
      ? `The identity service ${config.identity} does not answer this page. If it is up, its [cors] allowed_origin has to name ${location.origin}.`
      : 'The identity service does not answer.');
  }
  if (!response.ok) throw response.status === 401 ? new Refused(401, 'User, password or project are not right.') : await refusal(response);
  return {token: response.headers.get('X-Subject-Token'), said: (await response.json()).token};
}

export async function logOut() {
  const token = sessionStorage.getItem(TOKEN);
  forget();
  if (token) {
    await fetch(new URL('auth/tokens', identity()), {method: 'DELETE', headers: {'X-Auth-Token': token, 'X-Subject-Token': token}, signal: AbortSignal.timeout(5000)}).catch(() => null);
  }
}

/**
 * Server-sent events, read by fetch, because an EventSource cannot show a token. Comes back by
 * itself and goes on where it was, until it is stopped. A tab that nobody sees has none.
 */
export function events(on) {
  let stopped = false;
  let lastId = null;
  let rest = 1000;
  let abort = new AbortController();
  let wake = () => {};
  const hidden = () => document.visibilityState === 'hidden';

  async function once() {
    abort = new AbortController();
    const all = {...headers(), Accept: 'text/event-stream'};
    if (lastId !== null) all['Last-Event-ID'] = lastId;
    const response = await fetch(new URL('v1/events', BASE), {headers: all, cache: 'no-store', signal: abort.signal});
    if (response.status === 401) {
      stopped = true;
      forget();
      onLogin();
      return;
    }
    if (!response.ok) throw await refusal(response);
    rest = 1000;
    on.state('live');
    let text = '';
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
    for (;;) {
      const {done, value} = await reader.read();
      if (done) return;
      text += value;
      const parts = text.split('\n\n');
      text = parts.pop();
      parts.forEach(tell);
    }
  }

  function tell(part) {
    let name = 'message';
    const data = [];
    for (const line of part.split('\n')) {
      if (line.startsWith('id: ')) lastId = line.slice(4);
      else if (line.startsWith('event: ')) name = line.slice(7);
      else if (line.startsWith('data: ')) data.push(line.slice(6));
    }
    if (data.length > 0) on.event(name, JSON.parse(data.join('\n')));
  }

  // A browser gives all its tabs six connections to one server, and a stream keeps one: so neither a page that was left and may be come back to has one, nor a tab that is not looked at.
  const leave = () => abort.abort();
  const look = () => (hidden() ? abort.abort() : wake());
  addEventListener('pagehide', leave);
  document.addEventListener('visibilitychange', look);
  (async () => {
    while (!stopped) {
      while (hidden() && !stopped) await new Promise(resolve => { wake = resolve; });
      if (stopped) break;
      try {
        await once();
      } catch {
        if (!hidden()) rest = Math.min(rest * 2, 30000);
      }
      if (stopped) break;
      on.state('away');
      await new Promise(resolve => { wake = resolve; setTimeout(resolve, rest / 2 + Math.random() * rest / 2); });
    }
  })();
  return () => {
    stopped = true;
    removeEventListener('pagehide', leave);
    document.removeEventListener('visibilitychange', look);
    abort.abort();
    wake();
  };
}
