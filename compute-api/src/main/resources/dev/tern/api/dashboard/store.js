// What the page knows: read once, kept up to date by events. Changes are told once per frame.

import * as api from './api.js';

export const servers = new Map();
export const hosts = new Map();
export const migrations = new Map();
export const drains = new Map();

/** What this caller may see; hosts and migrations are for administrators. */
export const may = {hosts: false, all: false};
export const progress = {loaded: false, failed: null, state: 'away'};

const listeners = new Set();
let changed = fresh();
let waiting = false;
/** Of each migration, what it told while the page was open: {at, rate, dirty}. */
export const samples = new Map();
const SAMPLES = 600;

function fresh() {
  return {servers: new Set(), hosts: new Set(), migrations: new Set(), drains: new Set(), all: false};
}

export function listen(listener) {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

function note(kind, key) {
  if (kind === 'all') changed.all = true;
  else changed[kind].add(key);
  if (!waiting) {
    waiting = true;
    requestAnimationFrame(flush);
  }
}

function flush() {
  waiting = false;
  const told = changed;
  changed = fresh();
  for (const listener of [...listeners]) listener(told);
}

export const inProgress = migration => ['accepted', 'queued', 'preparing', 'running'].includes(migration.status);

/** The migration that a server is in, if it is in one. */
export function migrationOf(id) {
  for (const migration of migrations.values()) if (migration.server === id && inProgress(migration)) return migration;
  return null;
}

/** One that empties the host, or brings its servers home; a rebalance leaves it as it is. */
export const drainOf = host => [...drains.values()].find(drain => drain.purpose === 'empty' && drain.host === host && ['draining', 'returning'].includes(drain.state));

function server(view) {
  const known = servers.get(view.id);
  return {
    id: view.id,
    name: view.name,
    status: view.status,
    task: view['OS-EXT-STS:task_state'],
    power: view['OS-EXT-STS:power_state'],
    host: view['OS-EXT-SRV-ATTR:host'] ?? null,
    project: view.tenant_id,
    progress: view.progress ?? 0,
    locked: view.locked,
    vcpus: view.flavor?.vcpus ?? known?.vcpus,
    ram: view.flavor?.ram ?? known?.ram,
    disk: view.flavor?.disk ?? known?.disk,
    flavor: view.flavor?.original_name ?? known?.flavor,
    created: view.created ?? known?.created,
    fault: view.fault ?? null,
  };
}

export function keepServer(view) {
  if (view.status === 'DELETED') servers.delete(view.id);
  else servers.set(view.id, server(view));
  note('servers', view.id);
}

/** @param quietly the page that asked shows it itself */
export function keepMigration(view, quietly) {
  migrations.set(view.uuid, view);
  const memory = view.progress?.memory;
  if (memory && inProgress(view)) {
    const list = samples.get(view.uuid) ?? [];
    const at = view.progress.told_at;
    if (list.at(-1)?.at !== at) list.push({at, rate: memory.bytes_per_second, dirty: memory.dirty_bytes_per_second, throttle: memory.throttle_percent});
    samples.set(view.uuid, list.slice(-SAMPLES));
  }
  if (quietly !== true) note('migrations', view.uuid);
}

export function keepDrain(view) {
  drains.set(view.id, view);
  note('drains', view.id);
}

function keepHost(view) {
  hosts.set(view.hypervisor_hostname, {
    name: view.hypervisor_hostname,
    state: view.state,
    status: view.status,
    reason: view.service?.disabled_reason ?? null,
    vcpus: view.vcpus,
    vcpusUsed: view.vcpus_used,
    memory: view.memory_mb,
    memoryUsed: view.memory_mb_used,
    disk: view.local_gb,
    diskUsed: view.local_gb_used,
    migrations: view.current_workload,
    type: view.hypervisor_type,
    version: view.hypervisor_version,
  });
}

/** A host that is not known is new: who it is stands in the list only. */
function hostNews(view) {
  const host = hosts.get(view.host);
  if (view.state === 'removed') hosts.delete(view.host);
  else if (!host) readHosts();
  else {
    Object.assign(host, {
      state: view.state,
      status: view.status,
      reason: view.disabled_reason,
      vcpusUsed: view.vcpus_used,
      memoryUsed: view.memory_mb_used,
      diskUsed: Math.floor(view.disk_bytes_used / 2 ** 30),
      migrations: view.migrations,
    });
  }
  note('hosts', view.host);
}

let readingHosts = false;

async function readHosts() {
  if (readingHosts) return;
  readingHosts = true;
  try {
    await api.hosts(list => list.forEach(keepHost));
    note('all');
  } finally {
    readingHosts = false;
  }
}

const known = {server: keepServer, migration: keepMigration, drain: keepDrain, host: hostNews};

/** Reads all there is anew. What events tell meanwhile is applied afterwards. */
async function load(early) {
  const before = {servers: new Set(servers.keys()), hosts: new Set(hosts.keys())};
  may.hosts = await api.allowed(api.hosts(list => list.forEach(view => { keepHost(view); before.hosts.delete(view.hypervisor_hostname); })).then(() => true), false);
  note('all');
  const read = list => list.forEach(view => { keepServer(view); before.servers.delete(view.id); });
  may.all = await api.allowed(api.pages('v2.1/servers/detail?all_tenants=1&limit=1000', 'servers', undefined, read).then(() => true), false);
  if (!may.all) await api.pages('v2.1/servers/detail?limit=1000', 'servers', undefined, read);
  await api.allowed(api.pages('v1/migrations?in_progress=1&limit=1000', 'migrations', undefined, list => list.forEach(view => keepMigration(view))), null);
  for (const migration of migrations.values()) {
    if (inProgress(migration)) await api.get('v1/migrations/' + migration.uuid).then(body => keepMigration(body.migration)).catch(() => null);
  }
  await api.allowed(api.get('v1/drains?limit=100').then(body => body.drains.forEach(keepDrain)), null);
  before.servers.forEach(id => servers.delete(id));
  before.hosts.forEach(name => hosts.delete(name));
  early.forEach(([name, data]) => known[name]?.(data));
  note('all');
}

let stop = () => {};

export function start() {
  stop();
  let early = null;
  let again = false;
  async function loadNow() {
    if (early) {
      again = true;
      return;
    }
    early = [];
    try {
      do {
        again = false;
        await load(early);
      } while (again);
      progress.loaded = true;
      progress.failed = null;
    } catch (e) {
      progress.failed = e.message;
    } finally {
      early = null;
    }
    note('all');
    // What failed is tried again: the stream may be there while a list was not.
    if (progress.failed) setTimeout(() => progress.failed && progress.state === 'live' && loadNow(), 3000);
  }
  let greeted = false;
  stop = api.events({
    state: state => {
      progress.state = state;
      note('all');
    },
    event: (name, data) => {
      if (name === 'hello' && greeted) return;
      if (name === 'hello' || name === 'reset') {
        greeted = true;
        loadNow();
      } else if (early) early.push([name, data]);
      else known[name]?.(data);
    },
  });
}

export function end() {
  stop();
  [servers, hosts, migrations, drains, samples].forEach(map => map.clear());
  Object.assign(progress, {loaded: false, failed: null, state: 'away'});
  Object.assign(may, {hosts: false, all: false});
}
