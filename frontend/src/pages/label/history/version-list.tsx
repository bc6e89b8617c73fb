import { useCallback, useEffect, useState } from 'react';
import { dateLocale, t } from '../../../i18n/words.ts';
import { actOf, changesOf, type Version, versionsOf } from './versions.ts';
import './history.css';

interface ListProps {
  versions: readonly Version[];
  /** The version that is looked at. */
  chosen: number | undefined;
  onChoose: (version: number) => void;
  onRestore?: ((version: Version) => void) | undefined;
  isBusy?: boolean;
}

/** The versions of an annotation, newest first; one is looked at, and an old one can be brought back. */
export function VersionList({ versions, chosen, onChoose, onRestore, isBusy = false }: ListProps) {
  return (
    <ol className="version-list" aria-label={t('Versions, newest first')}>
      {versions.map((each) => (
        <li key={each.version} className={each.version === chosen ? 'on' : ''}>
          <button type="button" className="version-row" aria-pressed={each.version === chosen} onClick={() => onChoose(each.version)}>
            <span className="b">{actOf(each)}</span><span className="two">{t('by {name}', { name: nameOf(each) })}</span>
            <span className="muted version-changes">{changesOf(each)} · {timeOf(each.made_at)}</span>
          </button>
          {each.is_current
            ? <span className="pill">{t('Now')}</span>
            : onRestore && <button type="button" className="btn small" disabled={isBusy} aria-label={t('Restore the version of {when}', { when: timeOf(each.made_at) })} onClick={() => onRestore(each)}>{t('Restore')}</button>}
        </li>
      ))}
    </ol>
  );
}

export type Loaded = { is: 'loading' } | { is: 'here'; versions: readonly Version[] } | { is: 'failed'; error: unknown };

/** The versions of an annotation, and a way to ask for them again. */
export function useVersions(annotation: number): [Loaded, () => void] {
  const [state, setState] = useState<Loaded>({ is: 'loading' });
  const [turn, setTurn] = useState(0);
  useEffect(() => {
    const stopper = new AbortController();
    versionsOf(annotation, stopper.signal).then(
      (versions) => setState({ is: 'here', versions }),
      (error: unknown) => { if (!stopper.signal.aborted) setState({ is: 'failed', error }); },
    );
    return () => stopper.abort();
  }, [annotation, turn]);
  return [state, useCallback(() => setTurn((n) => n + 1), [])];
}

const nameOf = ({ made_by: person }: Version): string => (person ? [person.first_name, person.last_name].filter(Boolean).join(' ') || person.email : t('somebody whose account is gone'));

export const timeOf = (time: string): string => new Date(time).toLocaleString(dateLocale(), { dateStyle: 'medium', timeStyle: 'short' });
