import { useEffect, useState } from 'react';
import type { LsResult } from '../../../editor/model/types.ts';
import { t } from '../../../i18n/words.ts';
import { Dialog } from '../dialog.tsx';
import type { Labelling, OpenTask } from '../labelling.ts';
import { VersionView } from '../version-view.tsx';
import { restoreVersion, versionOf, type Version, type WholeVersion } from './versions.ts';
import { timeOf, useVersions, VersionList } from './version-list.tsx';

interface HistoryProps {
  readonly labelling: Labelling;
  readonly open: OpenTask;
  readonly annotation: number;
  readonly onClose: () => void;
}

/** What the open annotation was before, version by version; any of them can be brought back. */
export function HistoryDialog({ labelling, open, annotation, onClose }: HistoryProps) {
  const [state] = useVersions(annotation);
  const versions = state.is === 'here' ? state.versions : [];
  const [chosen, setChosen] = useState<number>();
  const now = versions.find((each) => each.is_current);
  const seen = chosen ?? versions.find((each) => !each.is_current)?.version ?? now?.version;
  const [picture, setPicture] = useState<string | null>(null);
  const [trouble, setTrouble] = useState<string | null>(null);
  const [isBusy, setBusy] = useState(false);
  const [old, current] = [useWhole(annotation, seen), useWhole(annotation, now?.version)];
  useEffect(() => void labelling.pictureOf(open.task.id).then(setPicture), [labelling, open.task.id]);
  const hasOwnChanges = open.opening.draft !== null || open.opening.isRestored || open.editor.history.canUndo;
  const restore = async ({ version, made_at: madeAt }: Version): Promise<void> => {
    setBusy(true);
    try {
      await restoreVersion(annotation, version);
      onClose();
      await labelling.openTask(open.task.id);
      labelling.say(t('The version of {when} is back.', { when: timeOf(madeAt) }));
    } catch (error) {
      setTrouble(error instanceof Error ? error.message : String(error));
      setBusy(false);
    }
  };
  return (
    <Dialog title={t('History of this annotation')} isWide onClose={onClose}>
      {state.is === 'loading' && <p className="muted" role="status">{t('Asking for the versions…')}</p>}
      {state.is === 'failed' && <p className="bad" role="alert">{t('The versions could not be loaded: {message}', { message: String((state.error as Error).message) })}</p>}
      {trouble && <p className="bad" role="alert">{t('It was not restored: {trouble}', { trouble })}</p>}
      {hasOwnChanges && versions.length > 1 && <p className="two">{t('You have changes here that are not submitted. Submit them, then you can restore an older version; nothing of either is lost.')}</p>}
      {versions.length > 0 && <VersionList versions={versions} chosen={seen} onChoose={setChosen} onRestore={hasOwnChanges ? undefined : (version) => void restore(version)} isBusy={isBusy} />}
      {versions.length > 1 && (
        <div className="versions">
          {old && <VersionView title={t('Version {version}', { version: old.version })} when={timeOf(old.made_at)} result={old.result as unknown as LsResult[]} picture={picture} config={open.editor.config} />}
          {current && current.version !== old?.version && <VersionView title={t('Now')} when={timeOf(current.made_at)} result={current.result as unknown as LsResult[]} picture={picture} config={open.editor.config} />}
        </div>
      )}
      {versions.length === 1 && <p className="two">{t('It has not been changed since it was submitted.')}</p>}
    </Dialog>
  );
}

/** A version with what is marked in it, once it has come. */
function useWhole(annotation: number, version: number | undefined): WholeVersion | undefined {
  const [whole, setWhole] = useState<WholeVersion>();
  useEffect(() => {
    if (version === undefined) return undefined;
    const stopper = new AbortController();
    versionOf(annotation, version, stopper.signal).then(setWhole, () => undefined); // the list beside it says what fails
    return () => stopper.abort();
  }, [annotation, version]);
  return whole?.version === version ? whole : undefined;
}
