import { useQuery } from '@tanstack/react-query';
import { useEffect, useMemo, useRef, useState } from 'react';
import { type CurveRange, curvesQuery, type CurveX } from '../api/tracking';
import { counted } from '../ui/format';
import { messageOf, Notice, Skeleton } from '../ui/parts';
import { LineChart, type Series } from './line-chart';

/** A run whose curve is drawn: its name, and which colour and dash are its. */
export interface CurveOf {
  id: string;
  name: string;
  style: number;
}

export interface ChartLook {
  x: CurveX;
  isLog: boolean;
  smoothing: number;
}

interface MetricChartProps {
  workspace: number;
  metric: string;
  runs: readonly CurveOf[];
  look: ChartLook;
  isLive: boolean;
  height?: number;
}

const BUCKETS = 1_000;
/** With many curves fewer places each: a screen has no more. */
const MOST_PLACES = 12_000;
const CHART_PX = 236;

/** One metric of one or many runs. Its points are gathered into places by the server, which is asked anew for a stretch that is looked at closer. */
export function MetricChart(props: MetricChartProps) {
  const [place, isSeen] = useSeen();
  const { metric, height = CHART_PX } = props;
  return (
    <section ref={place} className="card metric-card" aria-label={metric}>
      {isSeen ? <Drawn {...props} height={height} /> : <><h2 className="cut">{metric}</h2><div style={{ height: height + 28 }} /></>}
    </section>
  );
}

function Drawn({ workspace, metric, runs, look, isLive, height = CHART_PX }: MetricChartProps) {
  const [range, setRange] = useState<CurveRange | undefined>(undefined);
  useEffect(() => setRange(undefined), [look.x]);
  const ids = useMemo(() => runs.map(({ id }) => id), [runs]);
  const buckets = Math.max(200, Math.min(BUCKETS, Math.floor(MOST_PLACES / Math.max(1, ids.length))));
  const asked = look.x === 'step' && range ? [Math.floor(range[0]), Math.ceil(range[1])] as const : range && [Math.round(range[0]), Math.round(range[1])] as const;
  const curves = useQuery(curvesQuery({ workspace, runs: ids, key: metric, x: look.x, buckets, range: asked, isLive }));
  const series = useMemo(() => seriesOf(curves.data ?? [], runs), [curves.data, runs]);
  const points = (curves.data ?? []).reduce((sum, curve) => sum + curve.points, 0);
  return (
    <>
      <div className="row metric-head"><h2 className="cut" title={metric}>{metric}</h2><span className="grow" />{curves.data && <span className="muted small">{counted(points, 'point')}</span>}</div>
      {curves.isError && <Notice tone="bad">{messageOf(curves.error)}</Notice>}
      {curves.isPending && <Skeleton width="100%" height={height} />}
      {curves.data && <LineChart name={metric} series={series} x={look.x} isLog={look.isLog} smoothing={look.smoothing} range={range} onRange={setRange} height={height} />}
    </>
  );
}

function seriesOf(curves: ReadonlyArray<{ run_id: string } & Pick<Series, 'x' | 'min' | 'max' | 'mean'>>, runs: readonly CurveOf[]): Series[] {
  const byId = new Map(runs.map((run) => [run.id, run]));
  return curves.flatMap(({ run_id, x, min, max, mean }) => {
    const run = byId.get(run_id);
    return run && x.length > 0 ? [{ id: run_id, name: run.name, style: run.style, x, min, max, mean }] : [];
  });
}

/** Whether an element has come near to what is in sight; once it has, it stays so. */
function useSeen() {
  const place = useRef<HTMLElement>(null);
  const [isSeen, setSeen] = useState(false);
  useEffect(() => {
    if (isSeen || !place.current) return undefined;
    const observer = new IntersectionObserver((entries) => { if (entries.some(({ isIntersecting }) => isIntersecting)) setSeen(true); }, { rootMargin: '200px' });
    observer.observe(place.current);
    return () => observer.disconnect();
  }, [isSeen]);
  return [place, isSeen] as const;
}
