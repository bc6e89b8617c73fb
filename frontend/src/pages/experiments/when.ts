import { ago, moment } from '../../ui/format';

type Moment = number | string | null | undefined;

/** ms since 1970 as MLflow writes them (a number, or its digits), in the ISO form that the rest of the pages speaks; undefined where there is none. */
export const isoOf = (time: Moment): string | undefined => (time === null || time === undefined || time === '' || time === 0 ? undefined : new Date(Number(time)).toISOString());

export const agoOf = (time: Moment): string => { const iso = isoOf(time); return iso ? ago(iso) : '–'; };
export const momentOf = (time: Moment): string | undefined => { const iso = isoOf(time); return iso && moment(iso); };

const UNITS: ReadonlyArray<readonly [ms: number, unit: string, next: string]> = [[86_400_000, 'd', 'h'], [3_600_000, 'h', 'min'], [60_000, 'min', 's']];

/** "4.2 s", "12 min 5 s", "2 d 3 h": how long a run took, or has taken until now. */
export function lasted(start: Moment, end: Moment, now = Date.now()): string {
  const from = isoOf(start);
  if (!from) return '–';
  const ms = Math.max(0, (end ? Number(end) : now) - Date.parse(from));
  for (const [size, unit, next] of UNITS) {
    if (ms < size) continue;
    const smaller = UNITS.find(([, name]) => name === next)?.[0] ?? 1000;
    const rest = Math.floor((ms % size) / smaller);
    return rest > 0 ? `${Math.floor(ms / size)} ${unit} ${rest} ${next}` : `${Math.floor(ms / size)} ${unit}`;
  }
  return ms < 10_000 ? `${(ms / 1000).toFixed(1)} s` : `${Math.floor(ms / 1000)} s`;
}
