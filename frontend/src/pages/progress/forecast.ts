import type { ProjectProgress } from '../../api/types';
import { plural, t } from '../../i18n/words';
import { count } from '../../ui/format';
import { dayNumber, shownDay } from './curve';

/** When the project will be done, in words, with what that rests on. */
export function forecastSentence({ tasks, forecast, today, isOwn = false }: Pick<ProjectProgress, 'tasks' | 'forecast'> & { today: string; isOwn?: boolean }): string {
  const open = tasks.total - tasks.finished;
  if (open <= 0) return t('Every task is finished.');
  const left = plural(open, '{n} task to go', '{n} tasks to go');
  if (isOwn) return t('{left} in the project. You see your own work here.', { left });
  if (forecast.per_day === null) return t('{left}. The first annotation made here begins the forecast.', { left });
  if (!forecast.done_on) return t('{left}. At this pace nobody can say when they are done.', { left });
  const pace = forecast.per_day >= 10 ? count(Math.round(forecast.per_day)) : String(Number(forecast.per_day.toFixed(1)));
  const rest = { left, pace, when: when(forecast.done_on, today) };
  return plural(forecast.based_on_days, '{left}. At {pace} a day, as on the one day of work so far, they are done {when}.', '{left}. At {pace} a day, as over the last {n} days of work, they are done {when}.', rest);
}

function when(date: string, today: string): string {
  const away = dayNumber(date) - dayNumber(today);
  if (away <= 0) return t('today');
  if (away === 1) return t('tomorrow');
  const day = shownDay(dayNumber(date), away > 180);
  return away < 60 ? plural(away, 'on {day}, in {n} day', 'on {day}, in {n} days', { day }) : plural(Math.round(away / 30), 'on {day}, in {n} month', 'on {day}, in {n} months', { day });
}
