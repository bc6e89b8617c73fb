import type { CSSProperties, ReactElement } from 'react';
import type { EditorConfig } from '../../editor/model/config/config.ts';
import type { LsResult } from '../../editor/model/types.ts';
import { t } from '../../i18n/words.ts';
import { pairsIn } from '../tasks/task-results.ts';

/** One version of a task's work, small: shapes over the picture, or what is said about it, counted by label. */
export function VersionView({ title, when, result, picture, config, onBroken }: { title: string; when: string; result: readonly LsResult[]; picture: string | null; config: EditorConfig | undefined; onBroken?: () => void }) {
  return (
    <section className="version" aria-label={title}>
      <h3>{title}</h3>
      <p className="muted small">{when}</p>
      {picture && (
        <div className="mini">
          <img src={picture} alt="" onError={onBroken} />
          <svg viewBox="0 0 100 100" preserveAspectRatio="none" aria-hidden="true">{result.map((item, index) => outline(item, index, colourIn(config, item)))}</svg>
        </div>
      )}
      <ul className="tally">{tally(result).map(([name, count]) => <li key={name}><span className="cut grow">{name}</span><span className="muted">{count}</span></li>)}</ul>
      {result.length === 0 && <p className="muted">{t('Nothing is marked in it.')}</p>}
    </section>
  );
}

interface Numbers {
  readonly x?: number;
  readonly y?: number;
  readonly width?: number;
  readonly height?: number;
  readonly radiusX?: number;
  readonly radiusY?: number;
  readonly points?: unknown;
}

/** In percent of the picture, as results are. Rotation is left out: it is a hint of where, not how. */
function outline(item: LsResult, index: number, colour: string | undefined): ReactElement | null {
  const { x = 0, y = 0, width, height, radiusX, radiusY, points } = item.value as Numbers;
  const style = colour === undefined ? undefined : ({ '--c': colour } as CSSProperties);
  if (points) return <polygon key={index} style={style} points={pairsIn(points).map(([px, py]) => `${px},${py}`).join(' ')} />;
  if (radiusX !== undefined) return <ellipse key={index} style={style} cx={x} cy={y} rx={radiusX} ry={radiusY ?? radiusX} />;
  if (width !== undefined && height !== undefined) return <rect key={index} style={style} x={x} y={y} width={width} height={height} />;
  return width === undefined ? null : <circle key={index} style={style} cx={x} cy={y} r={1.5} />;
}

/** The colour of its first label; undefined where the config does not know it. */
function colourIn(config: EditorConfig | undefined, { from_name: from, type, value }: LsResult): string | undefined {
  const labels = value[type];
  const first: unknown = Array.isArray(labels) ? labels[0] : undefined;
  return config?.controls.find((control) => control.name === from)?.labels.find((label) => label.value === first)?.colour;
}

/** [label, how often], most frequent first. */
export function tally(result: readonly LsResult[]): Array<[string, number]> {
  const counts = new Map<string, number>();
  for (const item of result) {
    const labels = item.value[item.type];
    const names = Array.isArray(labels) && labels.length > 0 ? labels.map(String) : [item.type];
    for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  return [...counts].sort((a, b) => b[1] - a[1]);
}
