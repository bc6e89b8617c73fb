import { Icon } from '../ui/icon';
import type { ChartLook } from './metric-chart';

interface ToolsProps {
  look: ChartLook;
  onLook: (look: ChartLook) => void;
  search: string;
  onSearch: (search: string) => void;
}

const SMOOTHINGS = [0, 0.6, 0.9, 0.98];

/** How the charts of a page are drawn, and which. */
export function ChartTools({ look, onLook, search, onSearch }: ToolsProps) {
  return (
    <div className="tools chart-tools" role="group" aria-label="Charts">
      <label className="search chart-finder"><span className="unseen">Find a metric</span><Icon name="search" /><input className="input" type="search" placeholder="Find a metric" value={search} onChange={(event) => onSearch(event.target.value)} /></label>
      <span className="seg" role="group" aria-label="Over">
        {(['step', 'time'] as const).map((x) => <button key={x} type="button" className={look.x === x ? 'on' : ''} aria-pressed={look.x === x} onClick={() => onLook({ ...look, x })}>{x === 'step' ? 'Steps' : 'Time'}</button>)}
      </span>
      <span className="seg" role="group" aria-label="Scale">
        {[false, true].map((isLog) => <button key={String(isLog)} type="button" className={look.isLog === isLog ? 'on' : ''} aria-pressed={look.isLog === isLog} onClick={() => onLook({ ...look, isLog })}>{isLog ? 'Logarithmic' : 'Linear'}</button>)}
      </span>
      <label className="row"><span className="muted">Smoothing</span>
        <select className="input smoothing" value={look.smoothing} onChange={(event) => onLook({ ...look, smoothing: Number(event.target.value) })}>{SMOOTHINGS.map((each) => <option key={each} value={each}>{each === 0 ? 'none' : each}</option>)}</select>
      </label>
      <span className="grow" />
      <span className="muted small wide">Drag to look closer</span>
    </div>
  );
}
