/** A picture frame with one label drawn in it: what this place is for. */
export const LabelArt = () => (
  <svg viewBox="0 0 160 100" width="160" height="100" fill="none" aria-hidden="true">
    <rect x="1" y="1" width="158" height="98" rx="10" fill="var(--surface)" stroke="var(--line-strong)" />
    <path d="M14 84 54 48l22 18 26-30 44 48" stroke="var(--line-strong)" strokeWidth="1.6" strokeLinejoin="round" />
    <circle cx="44" cy="28" r="8" stroke="var(--line-strong)" strokeWidth="1.6" />
    <rect x="78" y="26" width="50" height="44" fill="var(--l2)" fillOpacity=".1" stroke="var(--l2)" strokeWidth="2" />
    {[[78, 26], [128, 26], [78, 70], [128, 70]].map(([x = 0, y = 0]) => <rect key={`${x} ${y}`} x={x - 3} y={y - 3} width="6" height="6" rx="1.5" fill="#fff" stroke="var(--l2)" strokeWidth="1.5" />)}
  </svg>
);
