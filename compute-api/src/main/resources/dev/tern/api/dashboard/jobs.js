// What a job that moves servers is for, in words: it empties a host, relieves one, or evens out all of them.

import {words} from './format.js';

export const running = job => ['planning', 'draining', 'returning'].includes(job.state);
export const dryRun = job => ['planning', 'planned'].includes(job.state);
export const empties = job => job.purpose === 'empty';

export const title = job => ({relieve: `Relief of ${job.host}`, rebalance: 'Rebalance of the hosts'}[job.purpose] ?? `Drain of ${job.host}`);

/** Within a sentence. */
export const named = job => ({relieve: `the relief of ${job.host}`, rebalance: 'the rebalance'}[job.purpose] ?? `the drain of ${job.host}`);

const kind = job => ({relieve: 'relief', rebalance: 'rebalance'}[job.purpose] ?? 'drain');

/** Its state's word. The API's draining is of those that empty a host. */
export function state(job) {
  if (job.paused && running(job)) return 'paused';
  return job.state === 'draining' && !empties(job) ? 'moving' : job.state;
}

const percent = part => `${Math.round(part * 1000) / 10} %`;

/** When it is enough; what was not named is what the installation does. */
export function goal(job) {
  const wanted = job.goal ?? {};
  const parts = [];
  if (wanted.memory !== null && wanted.memory !== undefined) parts.push(`at most ${percent(wanted.memory)} of the memory given`);
  if (wanted.vcpus !== null && wanted.vcpus !== undefined) parts.push(`at most ${percent(wanted.vcpus)} of the vCPUs given`);
  if (wanted.imbalance !== null && wanted.imbalance !== undefined) parts.push(`imbalance of at most ${wanted.imbalance}`);
  if (wanted.moves !== null && wanted.moves !== undefined) parts.push(wanted.moves === 1 ? 'one move at most' : `at most ${wanted.moves} moves`);
  return parts.join(', ') || 'as usual';
}

export const wishes = job => (empties(job) ? [
  ['Order', words(job.order)],
  ['Who cannot move', {leave: 'is left', stop: 'is shut down', cold: 'is moved cold', ask: 'waits for you'}[job.on_cannot_move] ?? job.on_cannot_move],
] : [
  ['Goal', goal(job)],
  job.purpose === 'rebalance' ? ['Between', job.targets.length ? job.targets.join(', ') : 'all hosts'] : ['To', job.targets.length ? job.targets.join(', ') : 'any host that stays below'],
]);

export const nothing = job => (empties(job) ? 'There is nothing on the host.' : 'No server has to move.');

/** What its bar counts. */
export const counted = (job, leg) => (leg === 'home' ? 'Servers that are home' : empties(job) ? 'Servers that have left' : 'Servers that have moved');

/** What its end comes to when no server is to be named for it. */
export function verdict(job) {
  return {
    drained: ['good', 'Nothing is left on it.'],
    done: ['good', job.servers.length ? 'All that was planned has moved.' : 'Nothing had to be moved.'],
    returned: ['good', 'Its servers are home again.'],
    incomplete: ['bad', 'Not all of it could be done.'],
    planned: ['plain', 'This is a plan only: nothing is moved.'],
    cancelled: ['plain', 'It was cancelled.'],
  }[job.state] ?? null;
}

const closed = job => empties(job) && job.state === 'draining';

/** What it asks before it is paused, resumed, cancelled, or taken back. */
export const questions = {
  pause: job => ({title: `Pause ${named(job)}`, says: 'Nothing new is begun. What moves goes on to its end' + (closed(job) ? '; the host stays closed.' : '.'), button: 'Pause', done: `The ${kind(job)} is paused.`}),
  resume: job => ({title: `Go on with ${named(job)}`, says: 'Servers begin to move again, also those that were given up.', button: 'Go on', done: `The ${kind(job)} goes on.`}),
  cancel: job => ({title: `Cancel ${named(job)}`, says: (closed(job) ? 'It ends, and the host takes servers again. ' : 'It ends. ') + 'What has moved stays where it is.', button: `Cancel the ${kind(job)}`, danger: true, done: `The ${kind(job)} is cancelled.`}),
  back: job => ({
    title: `Bring the servers of ${job.host} home`,
    says: (empties(job) ? 'The host is opened, and the ' : 'The ') + (job.report.moved === 1 ? 'server that was moved comes' : `${job.report.moved} servers that were moved come`) + ' back, by the same limits.',
    button: 'Bring them home', done: 'They are coming home.',
  }),
};

/** A rebalance is not taken back: it is asked for again. To take back a drain also opens its host. */
export const mayReturn = job => ['drained', 'done', 'incomplete', 'cancelled'].includes(job.state) && (empties(job) || (job.purpose === 'relieve' && job.report.moved > 0));
