// Numbers and times as they are read.

const UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'];

export function bytes(value) {
  if (value === null || value === undefined) return '–';
  let number = value;
  let unit = 0;
  while (Math.abs(number) >= 1024 && unit < UNITS.length - 1) {
    number /= 1024;
    unit++;
  }
  return (unit === 0 || number >= 100 ? number.toFixed(0) : number.toFixed(1)) + ' ' + UNITS[unit];
}

export const rate = value => (value === null || value === undefined ? '–' : bytes(value) + '/s');

export function seconds(value) {
  if (value === null || value === undefined) return '–';
  if (value < 10) return value.toFixed(1) + ' s';
  if (value < 90) return Math.round(value) + ' s';
  const minutes = Math.round(value / 60);
  return minutes < 90 ? minutes + ' min' : Math.floor(minutes / 60) + ' h ' + (minutes % 60) + ' min';
}

export function millis(value) {
  if (value === null || value === undefined) return '–';
  return value < 1000 ? (value < 10 ? value.toFixed(1) : Math.round(value)) + ' ms' : seconds(value / 1000);
}

/** What the API writes without a zone is UTC. */
export function date(value) {
  if (!value) return null;
  return new Date(/Z$|[+-]\d\d:\d\d$/.test(value) ? value : value + 'Z');
}

export function time(value) {
  const at = date(value);
  return at ? at.toLocaleString(undefined, {dateStyle: 'medium', timeStyle: 'medium'}) : '–';
}

export function clock(value) {
  const at = date(value);
  return at ? at.toLocaleTimeString(undefined, {hour12: false}) : '–';
}

export function span(value) {
  if (!value) return '–';
  return seconds(value.low) === seconds(value.high)
    ? seconds(value.expected)
    : `${seconds(value.expected)} (${seconds(value.low)} to ${seconds(value.high)})`;
}

export const short = id => String(id ?? '').slice(0, 8);

export const words = value => String(value ?? '').replaceAll('_', ' ');
