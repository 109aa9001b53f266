// Migrations: all of them, one of them, and what one may do with one.

import * as api from './api.js';
import * as store from './store.js';
import {h, put, text, attribute, keyed, badge, showBadge, empty, table, facts, bar} from './dom.js';
import {bytes, rate, time, clock, millis, seconds, span, words} from './format.js';
import {ask, field, preflight, preflightView} from './dialog.js';
import {chart} from './chart.js';
import {nameOf, named} from './names.js';
import {showWithoutGuest} from './cold.js';

const PAGE = 50;
const MEBI = 2 ** 20;

export const MIGRATION_HEADS = ['Server', 'From → to', 'Status', 'Took', 'Pause', 'Begun'];

export function migrationRow(one) {
  return [
    h('a', {href: '#/migrations/' + one.uuid, 'data-named': one.server}, nameOf(one.server)),
    `${one.source} → ${one.destination ?? '…'}`,
    badge(one.in_doubt ? 'in doubt' : one.status),
    store.inProgress(one) ? Math.round(one.progress?.percent ?? 0) + ' %' : millis(one.total_millis),
    millis(one.pause_millis),
    time(one.created_at),
  ];
}

// ------------------------------------------------------------------ what one may do

const policyForm = policy => {
  const pause = h('input', {id: 'max-pause', type: 'number', min: 1, max: 2000000, value: policy?.max_pause_millis ?? ''});
  const bandwidth = h('input', {id: 'bandwidth', type: 'number', min: 0.0625, step: 'any', value: policy?.max_bandwidth ? policy.max_bandwidth / MEBI : ''});
  const deadline = h('input', {id: 'deadline', type: 'number', min: 1, max: 604800, value: policy?.deadline_seconds ?? ''});
  const then = h('select', {id: 'at-deadline'}, [['', 'as set for the installation'], ['abort', 'abort'], ['force', 'force'], ['post-copy', 'go on with post-copy']].map(([value, label]) => h('option', {value, selected: value === policy?.at_deadline}, label)));
  const element = h('fieldset', {}, h('legend', {}, 'How it moves; what is left empty is as it was'),
    h('div', {class: 'fields'},
      field('Longest pause (ms)', pause), field('Bandwidth (MiB/s)', bandwidth), field('Deadline (s)', deadline), field('At the deadline', then)));
  element.read = () => {
    const wishes = {};
    if (pause.value) wishes.max_pause_millis = Number(pause.value);
    if (bandwidth.value) wishes.max_bandwidth = Math.round(Number(bandwidth.value) * MEBI);
    if (deadline.value) wishes.deadline_seconds = Number(deadline.value);
    if (then.value) wishes.at_deadline = then.value;
    if (then.value === 'post-copy') wishes.post_copy_allowed = true;
    return wishes;
  };
  return element;
};

/** Asks where to, shows what would come of it, and moves the server. */
export function migrateServer(server) {
  const others = [...store.hosts.values()].filter(host => host.name !== server.host).sort((a, b) => a.name.localeCompare(b.name, undefined, {numeric: true}));
  const target = h('select', {id: 'target', onchange: () => dialog.look()}, h('option', {value: ''}, 'the best one (the scheduler chooses)'),
    others.map(host => h('option', {value: host.name}, host.name + (host.state === 'up' ? host.status === 'disabled' ? ' (closed)' : '' : ' (down)'))));
  const policy = policyForm(null);
  const admin = store.may.hosts;
  const dialog = ask({
    title: `Migrate ${server.name}`,
    says: ['It moves to another host with its memory and its local disks while it runs. At the end it stands still for a moment. If anything fails before that, it stays where it is.'],
    button: 'Migrate',
    form: admin ? h('div', {}, field('To', target), h('details', {}, h('summary', {}, 'Limits'), policy)) : null,
    forecast: admin ? async () => preflightView((await preflight({server: server.id, ...(target.value ? {targets: [target.value]} : {})})).servers[0]) : null,
    act: async () => {
      if (!admin) await api.post(`v2.1/servers/${server.id}/action`, {'os-migrateLive': {host: null, block_migration: 'auto'}});
      else {
        const wishes = policy.read();
        const body = {server: server.id, ...(target.value ? {host: target.value} : {}), ...(Object.keys(wishes).length ? {policy: wishes} : {})};
        const {migration} = await api.post('v1/migrations', {migration: body});
        store.keepMigration(migration);
        location.hash = '#/migrations/' + migration.uuid;
      }
      return `Migration of ${server.name} is asked for.`;
    },
  });
}

export function abort(migration) {
  ask({
    title: ['Abort the migration of ', named(migration.server)],
    says: [`The server goes on at ${migration.source} as if nothing had been; what was made at ${migration.destination ?? 'the destination'} is removed. Once the server has been handed over this is refused.`, remaining(migration)],
    button: 'Abort it', danger: true,
    act: async () => { await api.post(`v1/migrations/${migration.uuid}/abort`); return 'The abort is asked for.'; },
  });
}

export function force(migration) {
  ask({
    title: ['Force the migration of ', named(migration.server), ' to its end'],
    says: ['The server is stopped for as long as the rest of its memory takes, or goes on at its destination with post-copy where that is allowed. Nothing is lost, but it stands still for longer than was planned.', remaining(migration)],
    button: 'Force it', danger: true,
    act: async () => { await api.post(`v1/migrations/${migration.uuid}/force-complete`); return 'It is being forced.'; },
  });
}

function remaining(migration) {
  const left = migration.progress?.left_seconds;
  return `Now: ${Math.round(migration.progress?.percent ?? 0)} % moved, ${bytes((migration.memory_remaining_bytes ?? 0) + (migration.disk_remaining_bytes ?? 0))} left`
    + (left ? `, ${span(left)} expected` : '') + (migration.progress?.pause_millis ? `, expected pause ${millis(migration.progress.pause_millis)}` : '') + '.';
}

export function steer(migration) {
  const policy = policyForm(migration.policy);
  ask({
    title: ['Steer the migration of ', named(migration.server)],
    says: ['New limits hold at the source within about two seconds.', remaining(migration)],
    button: 'Set', form: policy,
    act: async () => {
      store.keepMigration((await api.patch('v1/migrations/' + migration.uuid, {policy: policy.read()})).migration);
      return 'The limits are set.';
    },
  });
}

// ------------------------------------------------------------------ all of them

function openList(main) {
  const search = h('input', {type: 'search', id: 'migration-search', placeholder: 'Server or host', 'aria-label': 'Find migrations', oninput: draw});
  const status = h('select', {'aria-label': 'Status', onchange: draw}, ['', 'running', 'completed', 'failed', 'cancelled', 'error'].map(value => h('option', {value}, value || 'Any status')));
  const found = h('div');
  const more = h('button', {hidden: true, onclick: () => read()}, 'Show older');
  main.append(h('div', {class: 'head'}, h('h1', {}, 'Migrations'), h('div', {class: 'filters'}, search, status)), found, more);
  const known = new Map();
  let marker = null;
  let refused = null;
  let read = async () => {
    more.disabled = true;
    try {
      const body = await api.get(`v1/migrations?limit=${PAGE}${marker ? '&marker=' + marker : ''}`);
      body.migrations.forEach(one => known.set(one.uuid, one));
      marker = body.migrations.at(-1)?.uuid ?? marker;
      more.hidden = body.migrations.length < PAGE;
    } catch (e) {
      refused = e.status === 403 ? 'Migrations are shown to administrators.' : e.message;
    }
    more.disabled = false;
    draw();
  };

  function draw() {
    if (refused) {
      put(found, empty(refused));
      return;
    }
    const wanted = search.value.trim().toLowerCase();
    const fitting = [...known.values()].sort((a, b) => b.created_at.localeCompare(a.created_at)).filter(one =>
      (!status.value || (status.value === 'running' ? store.inProgress(one) : one.status === status.value))
      && (!wanted || [nameOf(one.server), one.server, one.source, one.destination ?? ''].some(part => part.toLowerCase().includes(wanted))));
    put(found, fitting.length ? h('div', {class: 'card list'}, table('Migrations', MIGRATION_HEADS, fitting.map(migrationRow))) : empty(known.size ? 'No migration fits the filter.' : 'Nothing has been moved yet.'));
  }

  read();
  return {update: changes => {
    let fresh = changes.all;
    for (const id of changes.migrations) if (store.migrations.has(id)) { known.set(id, store.migrations.get(id)); fresh = true; }
    // Whoever is in the table with the keyboard is not thrown out of it by every percent.
    if (fresh && !found.contains(document.activeElement)) draw();
  }};
}

export const migrations = {open: openList};

// ------------------------------------------------------------------ one of them

const PHASES = [['BEGIN', 'Begin', 'checked, a place claimed'], ['PREPARE', 'Prepare', 'disks made, QEMU waits'], ['PERFORM', 'Perform', 'disks and memory copied'], ['FINISH', 'Finish', 'handed over, runs there'], ['CONFIRM', 'Confirm', 'source cleared']];
const PAUSE = [['stop_millis', 'Stop', 'p1'], ['mirror_drain_millis', 'Mirror drain', 'p2'], ['device_state_millis', 'Device state', 'p3'], ['start_millis', 'Start', 'p4']];
/** Whoever moves may take a second to be heard of again. */
const REFRESH = 1500;

function openOne(main, id) {
  let closed = false;
  let buttons = '';
  let lastRead = 0;
  const title = h('h1', {}, 'Migration');
  const state = badge('');
  const way = h('p', {class: 'way'});
  const actions = h('div', {class: 'actions'});
  const steps = h('ol', {class: 'phases', 'aria-label': 'Phases'});
  const failure = h('p', {class: 'failure', hidden: true, id: 'migration-failure'});
  const whole = bar('All of it', 'bar-big');
  const memory = bar('Memory');
  const disks = h('div');
  const figures = h('div');
  const pace = chart('Throughput and dirty rate of memory', [['Memory sent', 'line-a', one => one.rate], ['Memory dirtied', 'line-b', one => one.dirty]]);
  const pause = h('section', {class: 'card', id: 'pause', hidden: true});
  const log = h('section', {class: 'card wide', id: 'log'});
  const receipt = h('section', {class: 'card wide', id: 'receipt'});
  main.append(
    h('p', {class: 'crumbs'}, h('a', {href: '#/migrations'}, 'Migrations')),
    h('div', {class: 'head'}, h('div', {class: 'title'}, title, state), actions), way, failure, steps,
    h('div', {class: 'columns'},
      h('section', {class: 'card', id: 'progress'}, h('h2', {}, 'Progress'), whole, memory, disks, figures),
      h('div', {}, h('section', {class: 'card', id: 'pace'}, h('h2', {}, 'Pace'), pace), pause)), receipt, log);

  function show(one) {
    text(title, nameOf(one.server));
    document.title = `${nameOf(one.server)} moves · Tern`;
    showBadge(state, one.in_doubt ? 'in doubt' : one.status);
    put(way, h('span', {}, one.source), h('span', {'aria-label': 'to', class: 'arrow'}, '→'), h('span', {}, one.destination ?? 'not chosen yet'), h('a', {href: '#/servers/' + one.server}, 'The server'), h('a', {href: '#/decisions?server=' + one.server}, 'Why there'));
    failure.hidden = !one.failure;
    text(failure, one.failure ? one.failure.message : '');
    const running = store.inProgress(one);
    const at = PHASES.findIndex(([phase]) => phase === one.phase);
    keyed(steps, PHASES, phase => phase[0], ([, label, what]) => h('li', {}, h('strong', {}, label), h('span', {}, what)), (element, phase) => {
      const place = PHASES.indexOf(phase);
      const kind = one.status === 'completed' || place < at ? 'done' : place > at ? 'later' : running ? 'now' : 'ended';
      attribute(element, 'class', 'phase phase-' + kind);
      attribute(element, 'aria-current', kind === 'now' ? 'step' : null);
    });
    const progress = one.progress ?? {};
    whole.show((progress.percent ?? 0) / 100, `${(progress.percent ?? 0).toFixed(1)} %${running && progress.left_seconds ? `, ${seconds(progress.left_seconds.expected)} left` : ''}`);
    memory.show(one.memory_total_bytes ? 1 - one.memory_remaining_bytes / one.memory_total_bytes : 0, `${bytes(one.memory_processed_bytes)} sent, ${bytes(one.memory_remaining_bytes)} of ${bytes(one.memory_total_bytes)} left`);
    const parts = progress.disks?.length ? progress.disks.map(disk => ({...disk, share: disk.length_bytes ? disk.offset_bytes / disk.length_bytes : disk.ready ? 1 : 0}))
      : one.disk_total_bytes ? [{disk: 'Disks', share: one.disk_processed_bytes / one.disk_total_bytes, offset_bytes: one.disk_processed_bytes, length_bytes: one.disk_total_bytes}] : [];
    keyed(disks, parts, disk => disk.disk, disk => bar(disk.disk), (element, disk) => element.show(disk.share, `${bytes(disk.offset_bytes)} of ${bytes(disk.length_bytes)}${disk.ready ? ', in step' : ''}`));
    put(figures, facts([
      running ? ['Time left', progress.left_seconds ? span(progress.left_seconds) : progress.left_unknown ?? 'not known yet'] : ['Took', seconds(one.measured?.total_seconds)],
      running ? ['Expected pause', millis(progress.pause_millis)] : ['Pause', millis(one.pause_millis)],
      ['Passes over memory', progress.memory?.passes ?? '–'],
      ['Slowed down', progress.memory && running ? progress.memory.throttle_percent + ' %' : one.measured ? one.measured.slowdown_percent.toFixed(1) + ' % of the time' : '–'],
      ['Sent', `${bytes(one.moved?.memory_bytes)} memory, ${bytes((one.moved?.base_bytes ?? 0) + (one.moved?.overlay_bytes ?? 0))} disks`],
      ['Bandwidth limit', one.policy?.max_bandwidth ? rate(one.policy.max_bandwidth) : 'none of its own'],
      ['Foreseen', one.foreseen?.before_switchover?.total_seconds ? `${span(one.foreseen.before_switchover.total_seconds)}, pause ${millis(one.foreseen.before_switchover.pause_millis)}` : one.foreseen?.before_switchover?.unknown ?? '–'],
    ]));
    pace.show(store.samples.get(id) ?? []);
    showPause(one);
    const wanted = running ? 'running' + one.abort_requested + one.force_requested : 'ended';
    if (wanted !== buttons) {
      buttons = wanted;
      const now = () => store.migrations.get(id) ?? one;
      put(actions, running ? [
        h('button', {id: 'steer', onclick: () => steer(now())}, 'Steer…'),
        h('button', {id: 'force', disabled: one.force_requested, onclick: () => force(now())}, one.force_requested ? 'Being forced' : 'Force complete…'),
        h('button', {id: 'abort', class: 'danger', disabled: one.abort_requested, onclick: () => abort(now())}, one.abort_requested ? 'Abort asked for' : 'Abort…')] : []);
    }
  }

  function showPause(one) {
    pause.hidden = !one.pause;
    if (pause.hidden) return;
    const total = one.pause.total_millis;
    const parts = PAUSE.map(([name, label, style]) => [label, one.pause[name], style]).filter(part => part[1] !== null && part[1] !== undefined);
    const sum = parts.reduce((all, part) => all + part[1], 0) || 1;
    const stack = h('div', {class: 'stack', role: 'img', 'aria-label': parts.map(([label, value]) => `${label} ${millis(value)}`).join(', ')}, parts.map(([, value, style]) => {
      const piece = h('span', {class: style});
      piece.style.flexGrow = String(Math.max(value / sum, 0.01));
      return piece;
    }));
    put(pause, h('h2', {}, `Pause: ${total === null ? 'not known' : millis(total)}`), stack,
      h('ul', {class: 'legend'}, parts.map(([label, value, style]) => h('li', {}, h('span', {class: 'guest-mark ' + style}), `${label} ${millis(value)}`))),
      one.pause.unknown ? h('p', {class: 'note'}, one.pause.unknown) : null);
  }

  async function read() {
    lastRead = Date.now();
    try {
      const one = (await api.get('v1/migrations/' + id)).migration;
      if (closed) return;
      store.keepMigration(one, true);
      show(one);
      put(log, h('h2', {}, 'Steps'), one.log?.length ? table('Steps', ['When', 'Step', 'What', ''], one.log.map(line => [clock(line.at), line.step, words(line.what), line.detail])) : empty('None yet.'));
      if (!store.inProgress(one)) await readReceipt();
      else put(receipt, h('h2', {}, 'Receipt'), h('p', {class: 'note'}, 'What it makes on both hosts, and what became of it, is shown when it has ended.'));
    } catch (e) {
      if (!closed && e.status === 404) other = showWithoutGuest(main, id);
      else if (!closed) put(main, h('h1', {}, 'Migration'), empty(e.status === 403 ? 'Migrations are shown to administrators.' : e.message));
    }
  }

  async function readReceipt() {
    try {
      const one = (await api.get(`v1/migrations/${id}/receipt`)).receipt;
      if (closed) return;
      const groups = Map.groupBy(one.objects, object => object.host);
      put(receipt, h('h2', {}, 'Receipt'),
        h('p', {class: one.settled ? 'verdict good' : 'verdict'}, one.settled ? 'All that was made is in use or gone.' : 'Not settled yet: something is still open, or a host has not told.'),
        [...groups].map(([host, objects]) => h('details', {}, h('summary', {}, `${host}: ${objects.length} things made, ${objects.filter(object => object.state === 'open').length} open`),
          table('Made on ' + host, ['Kind', 'Name', 'Became', 'Why'], objects.map(object => [words(object.kind), h('code', {}, object.name), badge(object.state, object.state === 'open' ? 'warn' : 'good'), object.why ?? ''])))));
    } catch (e) {
      put(receipt, h('h2', {}, 'Receipt'), h('p', {class: 'note'}, e.message));
    }
  }

  let due = null;
  let other = null;
  read();
  return {
    update: changes => {
      if (other || !changes.migrations.has(id)) return;
      const one = store.migrations.get(id);
      if (one) show(one);
      // Its log is not in the events; one reading of it waits at most.
      if (!due) due = setTimeout(() => { due = null; read(); }, one && !store.inProgress(one) ? 100 : Math.max(0, REFRESH - (Date.now() - lastRead)));
    },
    close: () => {
      closed = true;
      clearTimeout(due);
      other?.close();
    },
  };
}

export const migration = {open: openOne};
