import { lineStyle } from './line-style';

/** A piece of a run's line, beside its name. */
export function Swatch({ index }: { index: number }) {
  const { token, dash } = lineStyle(index);
  return <svg className="swatch" width="22" height="8" aria-hidden="true"><line x1="1" x2="21" y1="4" y2="4" stroke={`var(${token})`} strokeWidth="2.2" strokeDasharray={dash.join(' ')} /></svg>;
}
