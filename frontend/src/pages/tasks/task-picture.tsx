import { useState } from 'react';
import type { TaskResult } from '../../api/types';
import { t } from '../../i18n/words';
import { type Outline, outlinesOf, sizeOf, stretchesOf } from './task-results';

interface PictureProps {
  address: string | undefined;
  results: readonly TaskResult[];
  isPredicted: boolean;
  colours: ReadonlyMap<string, string>;
  /** Fills its place, or shows all of the picture. */
  fit: 'cover' | 'contain';
  alt: string;
  /** Strokes of the outlines, px. */
  stroke?: number;
}

/** A small picture with what is drawn on it: dashed where it is only predicted. */
export function TaskPicture({ address, results, isPredicted, colours, fit, alt, stroke = 1.5 }: PictureProps) {
  const [broken, setBroken] = useState<string>();
  const isBroken = broken === address;
  const size = sizeOf(results);
  if (!address) return <span className="task-picture" />;
  return (
    <span className={`task-picture ${fit}`}>
      {isBroken ? <span className="muted small">{t('The picture cannot be opened')}</span> : <img src={address} alt={alt} loading="lazy" decoding="async" onError={() => setBroken(address)} />}
      {size && !isBroken && (
        <svg viewBox={`0 0 ${size[0]} ${size[1]}`} preserveAspectRatio={`xMidYMid ${fit === 'cover' ? 'slice' : 'meet'}`} aria-hidden="true" className={isPredicted ? 'predicted' : ''} style={{ strokeWidth: stroke }}>
          {outlinesOf(results, size).map((outline, index) => <Shape key={index} outline={outline} colour={colours.get(outline.label ?? '')} />)}
        </svg>
      )}
    </span>
  );
}

function Shape({ outline, colour }: { outline: Outline; colour: string | undefined }) {
  const { kind, x, y, width, height, turn_deg: turn, points } = outline;
  const look = { style: { ['--c' as string]: colour ?? 'var(--accent)' }, ...(turn ? { transform: `rotate(${turn} ${x} ${y})` } : {}) };
  if (kind === 'line') return <polygon points={points.map((point) => point.join()).join(' ')} {...look} />;
  if (kind === 'oval') return <ellipse cx={x} cy={y} rx={width} ry={height} {...look} />;
  if (kind === 'point') return <line x1={x} y1={y} x2={x} y2={y} className="dot-mark" {...look} />;
  return <rect x={x} y={y} width={width} height={height} {...look} />;
}

/** A piece of a text with its spans marked, each named by its label. */
export const TaskWords = ({ text, results, isPredicted, colours, most }: { text: string; results: readonly TaskResult[]; isPredicted: boolean; colours: ReadonlyMap<string, string>; most: number }) => (
  <>
    {stretchesOf(text, results, most).map((stretch, index) => (stretch.label === undefined
      ? <span key={index}>{stretch.text}</span>
      : <mark key={index} className={isPredicted ? 'span-mark predicted' : 'span-mark'} style={{ ['--c' as string]: colours.get(stretch.label) ?? 'var(--accent)' }} title={stretch.label}>{stretch.text}</mark>))}
  </>
);
