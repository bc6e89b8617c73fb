import type { CurveX } from '../api/tracking';
import { writeFigure } from './figure';
import type { Line } from './line-chart';
import { lineStyle } from './line-style';
import type { Box } from './pen';
import type { Scale } from './scale';
import { nearest } from './sorted';
import { Swatch } from './swatch';

const MOST = 8;

/** The values at one place of a chart. */
export function Readout({ lines, at, kind, x, y, box }: { lines: readonly Line[]; at: number; kind: CurveX; x: Scale; y: Scale; box: Box }) {
  const left = x.place(at);
  const found = lines.flatMap((line) => {
    const index = nearest(line.x, at);
    return index < 0 ? [] : [{ line, x: line.x[index] as number, mean: line.mean[index] as number, low: line.low[index] as number, high: line.high[index] as number, shown: line.shown[index] as number }];
  }).sort((a, b) => b.mean - a.mean);
  const isRight = left > (box.left + box.right) / 2;
  return (
    <>
      <svg className="chart-marks" aria-hidden="true">
        <line x1={left} x2={left} y1={box.top} y2={box.bottom} stroke="var(--line-strong)" />
        {found.map((each) => (Number.isFinite(y.place(each.shown)) ? <circle key={each.line.id} cx={x.place(each.x)} cy={y.place(each.shown)} r="3.2" fill={`var(${lineStyle(each.line.style).token})`} stroke="var(--surface)" /> : null))}
      </svg>
      <div className="readout" style={isRight ? { right: `calc(100% - ${left - 10}px)` } : { left: left + 10 }}>
        <b className="b">{kind === 'time' ? new Date(at).toLocaleString('en-GB') : `Step ${at.toLocaleString('en')}`}</b>
        {found.slice(0, MOST).map(({ line, mean, low, high }) => (
          <span key={line.id} className="row">{lines.length > 1 && <Swatch index={line.style} />}{lines.length > 1 && <span className="cut grow">{line.name}</span>}<span>{writeFigure(mean)}</span>{low !== high && <span className="muted">{writeFigure(low)} … {writeFigure(high)}</span>}</span>
        ))}
        {found.length > MOST && <span className="muted">and {found.length - MOST} more</span>}
      </div>
    </>
  );
}
