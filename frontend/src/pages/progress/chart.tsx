import { t } from '../../i18n/words';
import { count } from '../../ui/format';
import { useWidth } from '../../ui/use-width';
import { type Curve, dayTicks, roundTop, shownDay } from './curve';

const [LEFT, RIGHT, TOP, HEIGHT, GAP, BARS, FOOT] = [46, 14, 12, 190, 22, 56, 22];
const LINES = 4;

/** Finished work summed up over the days, where it leads, and beneath it the work of each day. A table beside it says the same. */
export function ProgressChart({ curve, target, name }: { curve: Curve; target: number; name: string }) {
  const [place, width] = useWidth<HTMLDivElement>();
  const top = roundTop(curve.top);
  const x = (day: number) => LEFT + ((day - curve.firstDay) / Math.max(1, curve.lastDay - curve.firstDay)) * (width - LEFT - RIGHT);
  const y = (sum: number) => TOP + HEIGHT - (sum / top) * HEIGHT;
  const height = TOP + HEIGHT + GAP + BARS + FOOT;
  return (
    <div ref={place} className="progress-chart" style={{ height }}>
      {width > 0 && (
        <svg width={width} height={height} role="img" aria-label={name}>
          <Grid width={width} top={top} y={y} />
          {target > 0 && <Target width={width} y={y(target)} target={target} />}
          <Line curve={curve} x={x} y={y} width={width} />
          <Bars curve={curve} x={x} width={width} />
          <Days curve={curve} x={x} width={width} height={height} />
        </svg>
      )}
    </div>
  );
}

type Scale = (value: number) => number;

const Grid = ({ width, top, y }: { width: number; top: number; y: Scale }) => Array.from({ length: LINES + 1 }, (_, index) => (top * index) / LINES).map((sum) => (
  <g key={sum}>
    <line x1={LEFT} x2={width - RIGHT} y1={y(sum)} y2={y(sum)} stroke="var(--line)" />
    {Number.isInteger(sum) && <text x={LEFT - 8} y={y(sum) + 4} textAnchor="end" className="axis">{count(sum)}</text>}
  </g>
));

const Target = ({ width, y, target }: { width: number; y: number; target: number }) => (
  <g><line x1={LEFT} x2={width - RIGHT} y1={y} y2={y} stroke="var(--good)" strokeDasharray="3 4" /><text x={LEFT + 6} y={y > TOP + 18 ? y - 6 : y + 15} className="axis good">{t('all {n}', { n: count(target) })}</text></g>
);

function Line({ curve, x, y, width }: { curve: Curve; x: Scale; y: Scale; width: number }) {
  const { days, forecast } = curve;
  const [first, last] = [days[0], days.at(-1)];
  if (!first || !last) return null;
  const points = [`${x(first.day - 1)} ${y(curve.base)}`, ...days.map(({ day, sum }) => `${x(day)} ${y(sum)}`)].join('L');
  const end = x(last.day) > width - 90;
  return (
    <g fill="none">
      <path d={`M${points}V${y(0)}H${x(first.day - 1)}Z`} fill="var(--accent-soft)" opacity=".6" />
      {forecast && <path d={`M${x(forecast.fromDay)} ${y(forecast.fromSum)}L${x(forecast.toDay)} ${y(forecast.toSum)}`} stroke="var(--accent)" strokeWidth="1.5" strokeDasharray="4 4" />}
      <path d={`M${points}`} stroke="var(--accent)" strokeWidth="2" strokeLinejoin="round" />
      <circle cx={x(last.day)} cy={y(last.sum)} r="3.5" fill="var(--accent)" />
      <text x={x(last.day) + (end ? -8 : 8)} y={y(last.sum) + (forecast && !end ? 16 : -8)} textAnchor={end ? 'end' : 'start'} className="axis now">{count(last.sum)}</text>
    </g>
  );
}

function Bars({ curve, x, width }: { curve: Curve; x: Scale; width: number }) {
  const most = Math.max(1, ...curve.days.map((each) => each.submitted));
  const step = (width - LEFT - RIGHT) / Math.max(1, curve.lastDay - curve.firstDay);
  const bar = Math.max(1, Math.min(22, step * 0.7));
  const foot = TOP + HEIGHT + GAP + BARS;
  return (
    <g>
      <line x1={LEFT} x2={width - RIGHT} y1={foot} y2={foot} stroke="var(--line)" />
      {curve.days.some((each) => each.submitted > 0) && <text x={LEFT - 8} y={foot - BARS + 9} textAnchor="end" className="axis">{count(most)}</text>}
      {curve.days.filter((each) => each.submitted > 0).map(({ day, submitted }) => {
        const tall = Math.max(2, (submitted / most) * BARS);
        return <rect key={day} x={x(day) - bar / 2} y={foot - tall} width={bar} height={tall} rx={Math.min(2, bar / 3)} fill="var(--accent)"><title>{shownDay(day, true)}: {count(submitted)}</title></rect>;
      })}
    </g>
  );
}

const Days = ({ curve, x, width, height }: { curve: Curve; x: Scale; width: number; height: number }) => dayTicks(curve.firstDay, curve.lastDay, Math.max(2, Math.floor(width / 90))).map((day, index, all) => (
  <text key={day} x={x(day)} y={height - 5} textAnchor={index === all.length - 1 ? 'end' : 'middle'} className="axis">{shownDay(day)}</text>
));
