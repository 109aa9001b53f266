// Emptying a host, relieving one, evening out all: the plan before, the progress during, the report after.

import * as api from './api.js';
import * as store from './store.js';
import {h, put, text, badge, showBadge, empty, table, facts, bar} from './dom.js';
import * as jobs from './jobs.js';
import {bytes, millis, seconds, time, clock} from './format.js';
import {ask, field} from './dialog.js';
import {serverLink} from './names.js';

const PAGE = 50;
const MEBI = 2 ** 20;
const REFRESH = 1500;
const PLAN_WAIT = 15000;

const {running} = jobs;

/** Where a server is, if it has not begun to move. */
const at = id => store.servers.get(id)?.host ?? '–';

function planView(drain) {
  const plan = drain.plan;
  if (!plan) return h('p', {class: 'note'}, 'The plan is being made.');
  const stay = plan.moves.filter(move => !move.to).length;
  return h('div', {class: 'plan', id: 'plan'},
    plan.moves.length ? h('p', {class: 'verdict ' + (stay || plan.deadline_met === false ? 'bad' : 'good')},
      `${plan.moves.length - stay} of ${plan.moves.length} servers move`
      + (stay ? `, ${stay} cannot` : '') + `. Expected: ${seconds(plan.seconds)}, until ${clock(plan.expected_end)}.`) : null,
    plan.deadline_met === false ? h('p', {class: 'failure'}, 'The deadline cannot be met.') : null,
    plan.remarks.map(remark => h('p', {class: 'remark'}, remark)),
    plan.moves.length ? table('Plan', ['Server', ...(jobs.empties(drain) ? [] : ['From']), 'To', 'Begins after', 'Takes', 'Bytes', 'Pause', ''],
      plan.moves.map(move => [serverLink(move.server), ...(jobs.empties(drain) ? [] : [at(move.server)]), move.to ?? badge('stays', 'warn'), seconds(move.begins_after_seconds), seconds(move.seconds), bytes(move.bytes), millis(move.pause_millis), move.reason])) : h('p', {class: 'note'}, jobs.nothing(drain)),
    h('p', {class: 'note'}, 'The expectation rests on: ' + plan.basis));
}

/** A dry run's plan may take longer than its first answer. */
async function planned(drain) {
  const end = Date.now() + PLAN_WAIT;
  let now = drain;
  while (!now.plan && running(now) && Date.now() < end) {
    await new Promise(resolve => setTimeout(resolve, 700));
    now = (await api.get('v1/drains/' + drain.id)).drain;
  }
  return now;
}

/** Asks how, shows the plan, and empties the host. */
export function drainHost(name) {
  const hosts = [...store.hosts.values()].sort((a, b) => a.name.localeCompare(b.name, undefined, {numeric: true}));
  const host = h('select', {id: 'drain-host', required: true, onchange: () => dialog.look()}, name ? null : h('option', {value: ''}, 'choose one'), hosts.map(one => h('option', {value: one.name, selected: one.name === name}, one.name)));
  const deadline = h('input', {id: 'drain-deadline', type: 'datetime-local', onchange: () => dialog.look()});
  const out = h('input', {id: 'drain-out', type: 'number', min: 1, max: 1000, placeholder: 'as set', onchange: () => dialog.look()});
  const bandwidth = h('input', {id: 'drain-bandwidth', type: 'number', min: 1, placeholder: 'no limit', onchange: () => dialog.look()});
  const cannot = h('select', {id: 'drain-cannot', onchange: () => dialog.look()}, [['leave', 'leave it'], ['stop', 'shut it down'], ['cold', 'move it shut down (cold)'], ['ask', 'wait for me']].map(([value, label]) => h('option', {value}, label)));
  const order = h('select', {id: 'drain-order', onchange: () => dialog.look()}, [['smallest_first', 'smallest first'], ['largest_first', 'largest first']].map(([value, label]) => h('option', {value}, label)));
  const wishes = () => {
    const limits = {};
    if (out.value) limits.out = Number(out.value);
    if (bandwidth.value) limits.bandwidth = Math.round(Number(bandwidth.value) * MEBI);
    return {host: host.value, order: order.value, on_cannot_move: cannot.value, limits,
      ...(deadline.value ? {deadline: new Date(deadline.value).toISOString()} : {})};
  };
  const dialog = ask({
    title: 'Drain a host',
    says: ['The host takes no more servers at once, and all that run on it are moved to other hosts, one after the other. It stays closed afterwards until you open it or bring its servers home.'],
    button: 'Drain it', danger: true,
    form: h('div', {class: 'fields'}, field('Host', host), field('Deadline', deadline), field('At once', out, 'migrations that leave it'), field('Bandwidth (MiB/s)', bandwidth, 'for all of them together'), field('Order', order), field('Who cannot move', cannot)),
    forecast: async () => host.value && planView(await planned((await api.post('v1/drains', {...wishes(), dry_run: true})).drain)),
    act: async () => {
      const {drain} = await api.post('v1/drains', wishes());
      store.keepDrain(drain);
      location.hash = '#/drains/' + drain.id;
      return `${drain.host} is closed and being emptied.`;
    },
  });
}

function order(drain, name, what) {
  ask({...what, act: async () => {
    const path = typeof name === 'function' ? name() : name;
    store.keepDrain((await api.post(`v1/drains/${drain.id}/${path}`)).drain);
    return what.done;
  }});
}

// ------------------------------------------------------------------ all of them

function openList(main) {
  const search = h('input', {type: 'search', id: 'drain-search', placeholder: 'Host or purpose', 'aria-label': 'Find drains by host or purpose', oninput: draw});
  const plans = h('input', {type: 'checkbox', id: 'plans', onchange: anew});
  const found = h('div');
  const more = h('button', {hidden: true, onclick: () => read()}, 'Show older');
  main.append(h('div', {class: 'head'}, h('h1', {}, 'Drains'), h('div', {class: 'filters'}, search, h('label', {class: 'check'}, plans, 'Also mere plans'), h('button', {class: 'primary', id: 'drain', onclick: () => drainHost()}, 'Drain a host…'))), found, more);
  const known = new Map();
  let marker = null;
  let refused = null;
  let asked = 0;
  async function read() {
    const mine = ++asked;
    try {
      const body = await api.get(`v1/drains?limit=${PAGE}${plans.checked ? '&dry_runs=true' : ''}${marker ? '&marker=' + marker : ''}`);
      if (mine !== asked) return;
      body.drains.forEach(one => known.set(one.id, one));
      marker = body.drains.at(-1)?.id ?? marker;
      more.hidden = body.drains.length < PAGE;
    } catch (e) {
      refused = e.status === 403 ? 'Drains are shown to administrators.' : e.message;
    }
    draw();
  }
  // Other pages then: dry runs are between the others.
  function anew() {
    marker = null;
    known.clear();
    return read();
  }
  function draw() {
    const wanted = search.value.trim().toLowerCase();
    const all = [...known.values()].sort((a, b) => b.created_at.localeCompare(a.created_at))
      .filter(one => (plans.checked || !jobs.dryRun(one)) && `${jobs.title(one)} ${one.host}`.toLowerCase().includes(wanted));
    put(found, refused ? empty(refused) : all.length === 0 ? empty(wanted ? 'No drain fits the filter.' : 'No host has been drained, relieved or evened out yet.')
      : h('div', {class: 'card list'}, table('Drains', ['Job', 'State', 'Asked for', 'Expected end', 'Ended', ''],
        all.map(one => [h('a', {href: '#/drains/' + one.id}, jobs.title(one)), badge(jobs.state(one)), time(one.created_at), time(one.expected_end), time(one.ended_at), one.waiting ?? '']))));
  }
  read();
  return {update: changes => {
    for (const id of changes.drains) known.set(id, store.drains.get(id));
    if (changes.drains.size && !found.contains(document.activeElement)) draw();
  }};
}

export const drains = {open: openList};

// ------------------------------------------------------------------ one of them

function openOne(main, id) {
  let closed = false;
  let buttons = '';
  let lastRead = 0;
  let due = null;
  const title = h('h1', {}, 'Drain');
  const state = badge('');
  const actions = h('div', {class: 'actions'});
  const waiting = h('p', {class: 'remark', hidden: true});
  const progress = h('div');
  let all = null;
  let counted = '';
  let last = null;
  const figures = h('div');
  const remarks = h('div');
  const servers = h('section', {class: 'card wide', id: 'drain-servers'});
  const report = h('section', {class: 'card', id: 'report'});
  main.append(h('p', {class: 'crumbs'}, h('a', {href: '#/drains'}, 'Drains')),
    h('div', {class: 'head'}, h('div', {class: 'title'}, title, state), actions), waiting,
    h('div', {class: 'columns'}, h('section', {class: 'card'}, h('h2', {}, 'Progress'), progress, figures, remarks), report), servers);

  function show(one) {
    last = one;
    text(title, jobs.title(one));
    document.title = `${jobs.title(one)} · Tern`;
    showBadge(state, jobs.state(one));
    waiting.hidden = !one.waiting;
    text(waiting, one.waiting ?? '');
    const leg = one.servers.some(server => server.leg === 'home') ? 'home' : 'out';
    const those = one.servers.filter(server => server.leg === leg);
    const gone = those.filter(server => ['moved', 'gone'].includes(server.state)).length;
    if (counted !== jobs.counted(one, leg)) {
      counted = jobs.counted(one, leg);
      all = bar(counted, 'bar-big');
      put(progress, all);
    }
    all.show(those.length ? gone / those.length : ['drained', 'done', 'returned'].includes(one.state) ? 1 : 0, `${gone} of ${those.length}`);
    put(figures, facts([
      ['Asked for', time(one.created_at)],
      one.ended_at ? ['Ended', time(one.ended_at)] : ['Expected end', time(one.expected_end)],
      jobs.empties(one) ? ['Deadline', one.deadline ? time(one.deadline) : 'none'] : null,
      ['At once', one.limits.out ?? 'as set for the installation'],
      ['Bandwidth', one.limits.bandwidth ? bytes(one.limits.bandwidth) + '/s' : 'no limit of its own'],
      ...jobs.wishes(one),
      ['Planned', one.plan ? `${seconds(one.plan.first_seconds)} at first` + (one.plan.seconds !== one.plan.first_seconds ? `, ${seconds(one.plan.seconds)} now` : '') : 'not yet'],
    ]));
    put(remarks, one.plan?.deadline_met === false && running(one) ? h('p', {class: 'failure'}, 'The deadline cannot be met.') : null, (one.plan?.remarks ?? []).map(remark => h('p', {class: 'remark'}, remark)));
    const told = one.report;
    const verdict = jobs.verdict(one);
    put(report, h('h2', {}, one.ended_at ? 'Report' : 'So far'), facts([
      ['Servers', told.servers], ['Moved', told.moved], told.left + told.stopped + told.asking ? ['Left, stopped, asking', `${told.left}, ${told.stopped}, ${told.asking}`] : null,
      ['Sent', bytes(told.bytes)], ['Took', seconds(told.seconds)],
      ['Longest pause', told.longest_pause_millis === null ? '–' : h('span', {}, millis(told.longest_pause_millis), ' ', serverLink(told.longest_pause_server))],
    ]), told.still_there?.length ? [h('h3', {}, jobs.empties(one) ? 'Still there' : 'Have not moved'), h('ul', {}, told.still_there.slice(0, 50).map(one => h('li', {}, serverLink(one.server), `: ${one.state}. ${one.reason}`)))] : verdict ? h('p', {class: 'verdict ' + verdict[0]}, verdict[1]) : null);
    // Its buttons and links stay under the keyboard while figures change.
    if (!servers.contains(document.activeElement)) {
      put(servers, h('h2', {}, 'Servers'), one.servers.length ? table('Servers', ['Server', 'State', ...(jobs.empties(one) ? [] : ['From']), 'To', 'Planned', 'Took', 'Bytes', 'Pause', 'Tries', 'Why'],
        one.servers.map(server => [serverLink(server.server), server.cold ? h('span', {}, badge(server.state), ' cold') : badge(server.state), ...(jobs.empties(one) ? [] : [server.from ?? (['moved', 'gone'].includes(server.state) ? '–' : at(server.server))]), server.migration ? h('a', {href: '#/migrations/' + server.migration}, server.to ?? '…') : server.to ?? '–', seconds(server.planned_seconds), seconds(server.seconds), bytes(server.bytes), millis(server.pause_millis), server.tries,
          [server.reason, Object.entries(server.refused).map(([host, why]) => ` ${host}: ${why}`)].flat().join('')])) : jobs.dryRun(one) || !one.ended_at && (!one.plan || one.plan.moves.length) ? planView(one) : empty(jobs.nothing(one)));
    }
    showButtons(one);
  }

  function showButtons(one) {
    const wanted = one.state + one.paused + (one.ended_at ? one.report.moved : '');
    if (wanted === buttons) return;
    buttons = wanted;
    const abort = h('input', {type: 'checkbox', id: 'abort-moving'});
    put(actions,
      running(one) && !one.paused ? h('button', {id: 'pause', onclick: () => order(one, 'pause', jobs.questions.pause(one))}, 'Pause…') : null,
      running(one) && one.paused ? h('button', {id: 'resume', class: 'primary', onclick: () => order(one, 'resume', jobs.questions.resume(one))}, 'Go on…') : null,
      running(one) ? h('button', {id: 'cancel-drain', class: 'danger', onclick: () => order(one, () => 'cancel' + (abort.checked ? '?abort=true' : ''), {...jobs.questions.cancel(one), form: h('label', {class: 'check'}, abort, 'Also abort what moves now')})}, 'Cancel…') : null,
      jobs.mayReturn(one) ? h('button', {id: 'return', onclick: () => order(one, 'return', jobs.questions.back(one))}, 'Bring home…') : null);
  }

  async function read() {
    lastRead = Date.now();
    try {
      const one = (await api.get('v1/drains/' + id)).drain;
      if (!closed) show(one);
    } catch (e) {
      if (!closed) put(main, h('h1', {}, 'Drain'), empty(e.status === 403 ? 'Drains are shown to administrators.' : e.message));
    }
  }

  read();
  return {
    update: changes => {
      // Where servers are is known only now, perhaps.
      if (changes.all && last) show(last);
      if (!due && (changes.drains.has(id) || changes.migrations.size)) due = setTimeout(() => { due = null; read(); }, Math.max(0, REFRESH - (Date.now() - lastRead)));
    },
    close: () => {
      closed = true;
      clearTimeout(due);
    },
  };
}

export const drain = {open: openOne};
