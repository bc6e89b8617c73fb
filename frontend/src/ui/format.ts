/** Figures as people read them. */
const COUNT = new Intl.NumberFormat('en');
const PLURAL = new Intl.PluralRules('en');

export const count = (n: number): string => COUNT.format(n);

/** "1 task", "2,400 tasks". */
export function counted(n: number, one: string, many = `${one}s`): string {
  return `${count(n)} ${PLURAL.select(n) === 'one' ? one : many}`;
}

export function bytes(size: number): string {
  if (size < 1000) return `${size} B`;
  const step = Math.min(Math.floor(Math.log10(size) / 3), 4);
  const value = size / 1000 ** step;
  return `${value >= 100 ? Math.round(value) : value.toFixed(1)} ${['B', 'kB', 'MB', 'GB', 'TB'][step]}`;
}

const STEPS: Array<[seconds: number, shown: string]> = [[86_400 * 365, 'y'], [86_400 * 30, 'mo'], [86_400, 'd'], [3600, 'h'], [60, 'min']];

/** "2 min", "1 h", "now": how long ago, as short as a table cell wants it. */
export function ago(time: string, now = Date.now()): string {
  const seconds = (now - Date.parse(time)) / 1000;
  for (const [size, unit] of STEPS) if (seconds >= size) return `${Math.floor(seconds / size)} ${unit}`;
  return 'now';
}

/** The whole moment, for a tooltip. */
export const moment = (time: string): string => new Date(time).toLocaleString('en-GB', { dateStyle: 'medium', timeStyle: 'short' });
export const day = (time: string): string => new Date(time).toLocaleDateString('en-GB', { dateStyle: 'medium' });

const HUES = ['#8d5524', '#4263eb', '#0c7a5c', '#a03b8f', '#b3411d', '#5c6773', '#7048e8', '#1a6fb0'];

/** The colour that stands for a person or a workspace, always the same; white text on it reads. */
export function colourOf(key: string | number): string {
  let sum = 0;
  for (const letter of String(key)) sum = (sum * 31 + letter.charCodeAt(0)) >>> 0;
  return HUES[sum % HUES.length] as string;
}
