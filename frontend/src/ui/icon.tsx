/** The drawn icons, all on a 16 px grid with one stroke. Path data only; colour and size come from CSS (`svg.i`). */
const PATHS = {
  label: 'M2.5 2.5h5L14 9l-5 5-6.5-6.5zM5.3 5.3h.1',
  search: 'M11.5 7a4.5 4.5 0 1 1-9 0 4.5 4.5 0 0 1 9 0M10.5 10.5 14 14',
  gear: 'M10 8a2 2 0 1 1-4 0 2 2 0 0 1 4 0M8 1.8v2M8 12.2v2M1.8 8h2M12.2 8h2M3.6 3.6 5 5M11 11l1.4 1.4M3.6 12.4 5 11M11 5l1.4-1.4',
  updown: 'm5 6.5 3-3 3 3M5 9.5l3 3 3-3',
  left: 'M10 3 5 8l5 5',
  right: 'm6 3 5 5-5 5',
  down: 'm3.5 6 4.5 4.5L12.5 6',
  up: 'm3.5 10 4.5-4.5 4.5 4.5',
  check: 'm3.5 8.5 3 3 6-7',
  close: 'm4 4 8 8M12 4l-8 8',
  plus: 'M8 3v10M3 8h10',
  minus: 'M3 8h10',
  undo: 'M5.5 3 3 5.5 5.5 8M3 5.5h6.5a3.5 3.5 0 0 1 0 7H6',
  redo: 'M10.5 3 13 5.5 10.5 8M13 5.5H6.5a3.5 3.5 0 0 0 0 7H10',
  select: 'm4 2.5 8.5 5-4 1-1.7 4z',
  hand: 'M5 8V4a1 1 0 0 1 2 0v3-4a1 1 0 0 1 2 0v4-3a1 1 0 0 1 2 0v6c0 2.5-1.5 4-3.5 4S5 12.5 3.5 9.5a1 1 0 0 1 1.5-1z',
  rectangle: 'M3.5 3.5h9a1 1 0 0 1 1 1v7a1 1 0 0 1-1 1h-9a1 1 0 0 1-1-1v-7a1 1 0 0 1 1-1z',
  polygon: 'M8 2.5 13.5 6.5 11.5 13h-7l-2-6.5z',
  ellipse: 'M13.5 8a5.5 4 0 1 1-11 0 5.5 4 0 0 1 11 0',
  keypoint: 'M10 8a2 2 0 1 1-4 0 2 2 0 0 1 4 0M8 1.5v3M8 11.5v3M1.5 8h3M11.5 8h3',
  span: 'M2.5 4.5h11M2.5 8h4M10.5 8h3M2.5 11.5h8M6.5 6.3v3.4M10.5 6.3v3.4M6.5 8h4',
  keyboard: 'M3 4h10a1.5 1.5 0 0 1 1.5 1.5V11a1.5 1.5 0 0 1-1.5 1.5H3A1.5 1.5 0 0 1 1.5 11V5.5A1.5 1.5 0 0 1 3 4zM4 6.7h.1M6.7 6.7h.1M9.3 6.7h.1M12 6.7h.1M5 10h6',
  menu: 'M2.5 4.5h11M2.5 8h11M2.5 11.5h11',
  fold: 'M2.5 3h11v10h-11zM6 3v10',
  upload: 'M8 10.5v-8M4.8 5.5 8 2.3l3.2 3.2M2.5 10.5v3h11v-3',
  download: 'M8 2.3v8M4.8 7.3 8 10.5l3.2-3.2M2.5 10.5v3h11v-3',
  file: 'M3.5 1.8h5.3l3.7 3.7v8.7h-9zM8.5 2v3.8h3.8',
  picture: 'M2 3h12v10H2zM2.2 11l3.3-3.5 2.5 2.5 2-2 3.8 3.5M10.5 6h.1',
  text: 'M3 3.5h10M8 3.5v9.5M6 13h4M3 3.5v1.5M13 3.5v1.5',
  code: 'm5 4.5-3.5 3.5 3.5 3.5M11 4.5l3.5 3.5-3.5 3.5M9.3 3 6.7 13',
  trash: 'M2.5 4.2h11M6 4.2V2.5h4v1.7M4 4.2l.6 9.3h6.8l.6-9.3M6.7 6.8v4M9.3 6.8v4',
  pencil: 'm3 13 .6-2.8 7-7a1.3 1.3 0 0 1 1.9 0l.3.3a1.3 1.3 0 0 1 0 1.9l-7 7z',
  copy: 'M5.5 5.5h8v8h-8zM10.5 5.5v-3h-8v8h3',
  key: 'M8 6a3 3 0 1 1-6 0 3 3 0 0 1 6 0M7.2 8.2l6 5.5M10.7 11.3l1.5-1.6',
  sun: 'M10.8 8a2.8 2.8 0 1 1-5.6 0 2.8 2.8 0 0 1 5.6 0M8 1.5v1.3M8 13.2v1.3M1.5 8h1.3M13.2 8h1.3M3.4 3.4l.9.9M11.7 11.7l.9.9M3.4 12.6l.9-.9M11.7 4.3l.9-.9',
  moon: 'M13.3 9.7A5.8 5.8 0 0 1 6.3 2.7a5.8 5.8 0 1 0 7 7z',
  screen: 'M2 3h12v8H2zM5.5 13.5h5M8 11v2.5',
  out: 'M9.5 2.5h4v11h-4M2.5 8h7.5M7 5l3 3-3 3',
  person: 'M10.5 5.5a2.5 2.5 0 1 1-5 0 2.5 2.5 0 0 1 5 0M3 13.7c.4-2.7 2.4-4 5-4s4.6 1.3 5 4',
  warn: 'M8 2.3 14.5 13.5h-13zM8 6.5v3.3M8 11.7h.01',
  note: 'M13.5 8a5.5 5.5 0 1 1-11 0 5.5 5.5 0 0 1 11 0M8 7.3v3.5M8 5.2h.01',
  again: 'M13 8a5 5 0 1 1-1.6-3.7M13 2.5v2.8h-2.8',
  filter: 'M2.5 4h11M4.5 8h7M6.5 12h3',
  columns: 'M2.5 3h11v10h-11zM6.2 3v10M9.8 3v10',
  dots: 'M3.5 8h.01M8 8h.01M12.5 8h.01',
  arrow: 'M2.5 8h10.5M9 4l4 4-4 4',
  clock: 'M13.5 8a5.5 5.5 0 1 1-11 0 5.5 5.5 0 0 1 11 0M8 5v3.2l2 1.3',
  eye: 'M1.8 8S4 3.8 8 3.8 14.2 8 14.2 8 12 12.2 8 12.2 1.8 8 1.8 8zM9.7 8a1.7 1.7 0 1 1-3.4 0 1.7 1.7 0 0 1 3.4 0',
  eyeoff: 'M3 3l10 10M6 4.1A6 6 0 0 1 8 3.8c4 0 6.2 4.2 6.2 4.2s-.6 1.2-1.9 2.3M10 11.9a6 6 0 0 1-2 .3C4 12.2 1.8 8 1.8 8s.6-1.2 1.9-2.3',
  lock: 'M3.5 7.5h9v6h-9zM5.3 7.5V5.2a2.7 2.7 0 0 1 5.4 0v2.3',
  rotate: 'M12.8 9.5A5 5 0 1 1 12.5 6M13 2.8V6H9.8',
  fit: 'M2.5 6V2.5H6M10 2.5h3.5V6M13.5 10v3.5H10M6 13.5H2.5V10',
  rows: 'M2.5 3.5h11v3.5h-11zM2.5 9h11v3.5h-11z',
  grid: 'M2.5 2.5h4.5v4.5h-4.5zM9 2.5h4.5v4.5H9zM2.5 9h4.5v4.5h-4.5zM9 9h4.5v4.5H9z',
} as const;

export type IconName = keyof typeof PATHS;

/** A drawn icon. It is decoration: the control around it carries the name. */
export function Icon({ name, size }: { name: IconName; size?: number }) {
  return (
    <svg className="i" viewBox="0 0 16 16" aria-hidden="true" focusable="false" style={size ? { width: size, height: size } : undefined}>
      <path d={PATHS[name]} />
    </svg>
  );
}
