import type { ProjectProgress } from '../../api/types';
import { count, counted } from '../../ui/format';
import { dayNumber, shownDay } from './curve';

/** When the project will be done, in words, with what that rests on. */
export function forecastSentence({ tasks, forecast, today, isOwn = false }: Pick<ProjectProgress, 'tasks' | 'forecast'> & { today: string; isOwn?: boolean }): string {
  const open = tasks.total - tasks.finished;
  if (open <= 0) return 'Every task is finished.';
  const left = `${counted(open, 'task')} to go`;
  if (isOwn) return `${left} in the project. You see your own work here.`;
  if (forecast.per_day === null) return `${left}. The first annotation made here begins the forecast.`;
  if (!forecast.done_on) return `${left}. At this pace nobody can say when they are done.`;
  const pace = forecast.per_day >= 10 ? count(Math.round(forecast.per_day)) : String(Number(forecast.per_day.toFixed(1)));
  return `${left}. At ${pace} a day, as ${forecast.based_on_days === 1 ? 'on the one day of work so far' : `over the last ${counted(forecast.based_on_days, 'day')} of work`}, they are done ${when(forecast.done_on, today)}.`;
}

function when(date: string, today: string): string {
  const away = dayNumber(date) - dayNumber(today);
  if (away <= 0) return 'today';
  if (away === 1) return 'tomorrow';
  return `on ${shownDay(dayNumber(date), away > 180)}, in ${away < 60 ? counted(away, 'day') : counted(Math.round(away / 30), 'month')}`;
}
