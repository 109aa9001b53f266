// A chart of two lines over time, as SVG, with its figures in words for who cannot see it.

import {h, s, put} from './dom.js';
import {rate, clock} from './format.js';

const HEIGHT = 180;
const LEFT = 70;
const BOTTOM = 24;
const TOP = 10;

/** @param lines [[name, class, sample => value]] */
export function chart(label, lines) {
  const svg = s('svg', {viewBox: `0 0 640 ${HEIGHT}`, class: 'chart', role: 'img', 'aria-label': label});
  const said = h('p', {class: 'note'});
  const legend = h('ul', {class: 'legend'}, lines.map(([name, style]) => h('li', {}, h('span', {class: 'line-mark ' + style}), name)));
  const element = h('figure', {class: 'figure'}, legend, svg, said);
  let last = [];
  element.show = samples => {
    last = samples;
    const known = samples.filter(one => one.at);
    if (known.length < 2) {
      put(svg);
      put(said, 'The chart begins with the second report of the source.');
      return;
    }
    const WIDTH = Math.max(260, svg.clientWidth || 640);
    svg.setAttribute('viewBox', `0 0 ${WIDTH} ${HEIGHT}`);
    const start = Date.parse(known[0].at + 'Z');
    const length = Math.max(1, Date.parse(known.at(-1).at + 'Z') - start);
    const most = Math.max(1, ...known.flatMap(one => lines.map(([, , value]) => value(one) ?? 0)));
    const x = one => LEFT + (WIDTH - LEFT - 8) * (Date.parse(one.at + 'Z') - start) / length;
    const y = value => TOP + (HEIGHT - TOP - BOTTOM) * (1 - value / most);
    const grid = [0, 0.5, 1].map(share => [
      s('line', {x1: LEFT, x2: WIDTH - 8, y1: y(most * share), y2: y(most * share), class: 'chart-grid'}),
      s('text', {x: LEFT - 6, y: y(most * share) + 4, class: 'chart-text', 'text-anchor': 'end'}, rate(most * share))]);
    put(svg, grid,
      s('text', {x: LEFT, y: HEIGHT - 6, class: 'chart-text'}, clock(known[0].at)),
      s('text', {x: WIDTH - 8, y: HEIGHT - 6, class: 'chart-text', 'text-anchor': 'end'}, clock(known.at(-1).at)),
      lines.map(([, style, value]) => s('polyline', {class: 'chart-line ' + style, points: known.map(one => `${x(one).toFixed(1)},${y(value(one) ?? 0).toFixed(1)}`).join(' ')})));
    put(said, lines.map(([name, , value]) => `${name}: ${rate(value(known.at(-1)))}`).join(', ') + ' now');
  };
  new ResizeObserver(() => element.show(last)).observe(element);
  return element;
}
