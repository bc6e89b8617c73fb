import { useState, type ReactNode } from 'react';
import { isRecord } from '../../api/client';
import { count } from '../../ui/format';
import { Icon } from '../../ui/icon';
import { sayNotCopied } from '../../ui/toast';
import { valueOf } from './spans';

const MOST_LETTERS = 12_000;
/** An object with more entries is shown as the JSON it is. */
const MOST_ENTRIES = 24;

/** A value as people read it: words as words, small objects by their names, everything else as JSON. */
export function ValueView({ value, name }: { value: unknown; name: string }): ReactNode {
  if (typeof value === 'string') {
    const meant = valueOf(value);
    return typeof meant === 'object' && meant !== null ? <ValueView value={meant} name={name} /> : <Words text={value} />;
  }
  const entries = isRecord(value) ? Object.entries(value) : [];
  if (entries.length === 0 || entries.length > MOST_ENTRIES) return <Words text={jsonOf(value)} isCode />;
  return <Entries entries={entries} />;
}

const SHORT = 60;

/** Values by their names: short ones beside them, long ones below. */
export const Entries = ({ entries }: { entries: ReadonlyArray<readonly [string, unknown]> }) => (
  <dl className="value-entries">
    {entries.map(([key, value]) => {
      const line = typeof value === 'string' ? value : JSON.stringify(value) ?? String(value);
      const isShort = line.length <= SHORT && !line.includes('\n');
      return <div key={key} className={isShort ? 'short' : ''}><dt className="mono">{key}</dt><dd className={isShort && typeof value !== 'string' ? 'mono' : ''}>{isShort ? line : typeof value === 'string' ? <Words text={value} /> : <Words text={jsonOf(value)} isCode />}</dd></div>;
    })}
  </dl>
);

export const jsonOf = (value: unknown): string => JSON.stringify(value, null, 2) ?? String(value);

/** A text; of a long one its beginning, and the rest at a press. */
export function Words({ text, isCode = false }: { text: string; isCode?: boolean }) {
  const [isWhole, setWhole] = useState(false);
  const isCut = !isWhole && text.length > MOST_LETTERS;
  return (
    <>
      <pre className={isCode ? 'value-words mono' : 'value-words'}>{isCut ? text.slice(0, MOST_LETTERS) : text}</pre>
      {isCut && <button type="button" className="btn small" onClick={() => setWhole(true)}>Show all {count(text.length)} letters</button>}
    </>
  );
}

/** The button that takes a value away: a text as it stands, anything else as JSON. */
export function CopyButton({ value, name }: { value: unknown; name: string }) {
  const [copied, setCopied] = useState<unknown>(undefined);
  const isCopied = copied !== undefined && copied === value;
  if (!('clipboard' in navigator)) return null;
  const copy = () => void navigator.clipboard.writeText(typeof value === 'string' ? value : jsonOf(value)).then(() => setCopied(value), sayNotCopied);
  return (
    <>
      <button type="button" className="btn ghost icon small" aria-label={`Copy ${name}`} title={`Copy ${name}`} onClick={copy}><Icon name={isCopied ? 'check' : 'copy'} /></button>
      <span className="unseen" role="status">{isCopied ? 'It is copied.' : ''}</span>
    </>
  );
}
