import { useMemo, type ReactNode } from 'react';

/** What a label config asks of a person, read from its tags: enough to draw it. */
export interface ConfigSketch {
  object: 'image' | 'text' | 'audio' | 'video' | 'table' | 'other';
  shapes: ReadonlyArray<'rectangle' | 'polygon' | 'ellipse' | 'keypoint' | 'brush' | 'span'>;
  choices: number;
  many: boolean;
  writes: boolean;
  colours: readonly string[];
}

const SHAPES: Record<string, ConfigSketch['shapes'][number]> = {
  rectanglelabels: 'rectangle', rectangle: 'rectangle', polygonlabels: 'polygon', polygon: 'polygon', ellipselabels: 'ellipse', ellipse: 'ellipse',
  keypointlabels: 'keypoint', keypoint: 'keypoint', brushlabels: 'brush', brush: 'brush', labels: 'span', hypertextlabels: 'span',
};
const OBJECTS: Record<string, ConfigSketch['object']> = {
  image: 'image', text: 'text', hypertext: 'text', paragraphs: 'text', audio: 'audio', video: 'video', table: 'table', timeseries: 'table', list: 'table',
};
const PALETTE = Array.from({ length: 12 }, (_, index) => `var(--l${index + 1})`);

export function sketch(config: string): ConfigSketch {
  const tags = [...config.matchAll(/<([A-Za-z]+)\b([^>]*)>/g)].map(([, name = '', attributes = '']) => ({ name: name.toLowerCase(), attributes }));
  const named = (name: string) => tags.filter((tag) => tag.name === name);
  const object = tags.map((tag) => OBJECTS[tag.name]).find(Boolean) ?? 'other';
  const shapes = [...new Set(tags.map((tag) => SHAPES[tag.name]).filter((shape) => shape !== undefined))];
  const colours = named('label').map((tag, index) => /background="([^"]+)"/.exec(tag.attributes)?.[1] ?? (PALETTE[index % 12] as string));
  return { object, shapes, choices: named('choice').length, many: /choice="multiple"/.test(config), writes: tags.some((tag) => tag.name === 'textarea'), colours: colours.length ? colours : PALETTE };
}

/** A picture of what labelling with this config looks like, drawn from the config itself. */
export function TemplateArt({ config, hint }: { config: string; hint?: string | undefined }) {
  const drawn = useMemo(() => sketch(config), [config]);
  const special = hint === undefined ? undefined : SPECIAL[hint];
  if (special) return <svg viewBox="0 0 160 100" fill="none" aria-hidden="true" className="template-art"><rect width="160" height="100" fill="var(--stage)" />{special}</svg>;
  const asks = drawn.choices > 0 || drawn.writes;
  return (
    <svg viewBox="0 0 160 100" fill="none" aria-hidden="true" className="template-art">
      <rect width="160" height="100" fill="var(--stage)" />
      {drawn.object === 'image' && <Scene tall={!asks} />}
      {drawn.object === 'text' && <Lines spans={drawn.shapes.includes('span') ? drawn.colours : []} tall={!asks} />}
      {drawn.object === 'audio' && <Wave colours={drawn.colours} />}
      {drawn.object === 'video' && <Scene tall={false} />}
      {(drawn.object === 'table' || drawn.object === 'other') && <Lines spans={[]} tall={!asks} />}
      {drawn.object !== 'text' && drawn.shapes.map((shape, index) => <Mark key={shape} shape={shape} colours={drawn.colours} first={index} alone={drawn.shapes.length === 1} />)}
      {drawn.choices > 0 && <Answers count={drawn.choices} chosen={drawn.many ? [0, 2] : [0]} />}
      {drawn.choices === 0 && drawn.writes && <WrittenAnswer />}
    </svg>
  );
}

const Scene = ({ tall }: { tall: boolean }) => (
  <g transform={tall ? undefined : 'scale(1 .78)'}>
    <rect x="12" y="10" width="136" height="80" rx="4" fill="var(--surface)" />
    <path d="M12 78 46 46l20 18 26-30 56 52v0a4 4 0 0 1-4 4H16a4 4 0 0 1-4-4z" fill="var(--line)" />
    <circle cx="38" cy="28" r="8" fill="var(--line)" />
  </g>
);

const WIDTHS = [116, 128, 92, 122, 70];

const Lines = ({ spans, tall }: { spans: readonly string[]; tall: boolean }) => (
  <g transform={tall ? undefined : 'translate(0 -3) scale(1 .8)'}>
    <rect x="12" y="10" width="136" height="80" rx="4" fill="var(--surface)" />
    {WIDTHS.map((width, index) => <rect key={width} x="20" y={21 + index * 13} width={width} height="4" rx="2" fill="var(--line-strong)" />)}
    {spans.slice(0, 3).map((colour, index) => {
      const [x = 0, y = 0, width = 0] = [[34, 17, 34], [74, 30, 48], [26, 56, 40]][index] ?? [];
      return <g key={index}><rect x={x} y={y} width={width} height="12" rx="3" fill={colour} fillOpacity=".28" /><path d={`M${x} ${y + 12}h${width}`} stroke={colour} strokeWidth="2" /></g>;
    })}
  </g>
);

const Wave = ({ colours }: { colours: readonly string[] }) => (
  <g>
    <rect x="12" y="22" width="136" height="50" rx="4" fill="var(--surface)" />
    {Array.from({ length: 30 }, (_, index) => { const height = 8 + 30 * Math.abs(Math.sin(index * 1.7) * Math.cos(index * .31)); return <path key={index} d={`M${20 + index * 4.2} ${47 - height / 2}v${height}`} stroke="var(--text-3)" strokeWidth="2" />; })}
    <rect x="52" y="22" width="40" height="50" fill={colours[0]} fillOpacity=".2" stroke={colours[0]} strokeWidth="1.5" />
  </g>
);

function Mark({ shape, colours, first, alone }: { shape: string; colours: readonly string[]; first: number; alone: boolean }) {
  const colour = (offset: number) => colours[(first + offset) % colours.length] as string;
  const paint = (offset = 0) => ({ fill: colour(offset), fillOpacity: .14, stroke: colour(offset), strokeWidth: 2 });
  if (shape === 'rectangle') return <><rect x="70" y="30" width="52" height="34" {...paint()} />{alone && <rect x="26" y="20" width="28" height="20" {...paint(1)} />}</>;
  if (shape === 'polygon') return <path d={alone ? 'M62 68 78 34l24-6 26 20-8 24-34 6z' : 'M22 64 34 44l18 4 6 16-14 8z'} strokeLinejoin="round" {...paint()} />;
  if (shape === 'ellipse') return <><ellipse cx={alone ? 92 : 38} cy={alone ? 50 : 28} rx={alone ? 34 : 14} ry={alone ? 22 : 10} {...paint()} />{alone && <ellipse cx="38" cy="28" rx="12" ry="10" {...paint(1)} />}</>;
  if (shape === 'keypoint') return <>{(alone ? [[46, 40], [80, 28], [96, 50], [120, 44], [72, 62]] : [[134, 24], [60, 26]]).map(([x, y], index) => <circle key={index} cx={x} cy={y} r="4" fill={colour(index)} stroke="#fff" strokeWidth="1.5" />)}</>;
  if (shape === 'brush') return <path d="M40 66c16-30 40-34 70-20" stroke={colour(0)} strokeOpacity=".55" strokeWidth="14" strokeLinecap="round" />;
  return null;
}

const Answers = ({ count, chosen }: { count: number; chosen: readonly number[] }) => (
  <g>
    {Array.from({ length: Math.min(count, 3) }, (_, index) => (
      <rect key={index} x={12 + index * 46} y="80" width="40" height="13" rx="6.5" fill={chosen.includes(index) ? 'var(--accent-soft)' : 'var(--surface)'} stroke={chosen.includes(index) ? 'var(--accent)' : 'var(--line-strong)'} strokeWidth="1.5" />
    ))}
  </g>
);

const WrittenAnswer = () => <g><rect x="12" y="80" width="136" height="13" rx="4" fill="var(--surface)" stroke="var(--line-strong)" strokeWidth="1.5" /><path d="M18 83.5v6" stroke="var(--accent)" strokeWidth="1.5" /></g>;

const turned = (x: number, y: number, degrees: number, colour: string) => (
  <rect key={`${x} ${y}`} x={x - 17} y={y - 8} width="34" height="16" transform={`rotate(${degrees} ${x} ${y})`} fill={colour} fillOpacity=".14" stroke={colour} strokeWidth="2" />
);
const area = (x: number, y: number, width: number, height: number, colour: string) => (
  <rect key={`${x} ${y}`} x={x} y={y} width={width} height={height} rx="1.5" fill={colour} fillOpacity=".14" stroke={colour} strokeWidth="1.5" />
);

/** Pictures of templates whose tags alone do not say what they are for. */
const SPECIAL: Record<string, ReactNode> = {
  'rotated-boxes': <><rect x="12" y="10" width="136" height="80" rx="4" fill="var(--surface)" /><path d="M12 66c40-16 60 8 136-24" stroke="var(--line)" strokeWidth="10" />{turned(48, 34, -24, 'var(--l1)')}{turned(104, 34, 38, 'var(--l2)')}{turned(66, 70, 8, 'var(--l1)')}{turned(118, 72, -52, 'var(--l3)')}</>,
  counting: <><rect x="12" y="10" width="136" height="80" rx="4" fill="var(--surface)" />{[[32, 30], [58, 24], [84, 34], [112, 26], [134, 40], [44, 52], [72, 58], [100, 54], [126, 66], [30, 74], [60, 80], [88, 76], [112, 82]].map(([x = 0, y = 0]) => <g key={`${x} ${y}`}><circle cx={x} cy={y} r="9" fill="var(--line)" /><circle cx={x} cy={y} r="3.5" fill="var(--l1)" stroke="#fff" strokeWidth="1.2" /></g>)}</>,
  'page-layout': <><rect x="44" y="6" width="72" height="88" rx="3" fill="var(--surface)" />{area(50, 12, 42, 9, 'var(--l1)')}{area(50, 26, 60, 20, 'var(--l2)')}{area(50, 51, 28, 20, 'var(--l4)')}{area(82, 51, 28, 20, 'var(--l3)')}{area(50, 76, 60, 13, 'var(--l2)')}</>,
  defects: <><rect x="12" y="8" width="136" height="68" rx="4" fill="var(--surface)" /><circle cx="80" cy="42" r="27" stroke="var(--line-strong)" strokeWidth="5" /><circle cx="80" cy="42" r="9" stroke="var(--line-strong)" strokeWidth="3" />{area(92, 18, 24, 18, 'var(--l1)')}{area(54, 50, 16, 16, 'var(--l2)')}<Answers count={3} chosen={[0]} /></>,
};
