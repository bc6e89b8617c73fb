import { useState } from 'react';
import { t } from '../../i18n/words.ts';
import { Dialog } from './dialog.tsx';
import { timeOf } from './history/version-list.tsx';
import type { OpenTask } from './labelling.ts';
import type { ChangedSince } from './source-change.ts';
import { VersionView } from './version-view.tsx';

interface ThenProps {
  readonly open: OpenTask;
  readonly changed: ChangedSince;
  readonly onClose: () => void;
}

/** The picture that the labels were made on, beside the one that they lie on now. */
export function ThenDialog({ open, changed, onClose }: ThenProps) {
  const [isGone, setGone] = useState(false);
  const { opening, editor, contents } = open;
  const now = contents.find((content) => content.kind === 'image' && content.object.name === changed.object);
  const made = opening.annotation?.result ?? opening.draft?.result ?? opening.predictions.flatMap(({ result }) => result);
  const results = made.filter((item) => item.to_name === undefined || item.to_name === changed.object);
  return (
    <Dialog title={t('The picture as it was labelled')} isWide onClose={onClose}>
      {isGone && <p className="bad" role="alert">{t('The old picture is no longer kept: its commit was removed, or the source reads another place now.')}</p>}
      <div className="versions">
        <VersionView title={changed.isPredicted ? t('When the suggestions were made') : t('When it was labelled')} when={timeOf(changed.madeAt)} result={results} picture={isGone ? null : changed.then} config={editor.config} onBroken={() => setGone(true)} />
        <VersionView title={t('Now')} when={t('since {when}', { when: timeOf(changed.changedAt) })} result={results} picture={now?.kind === 'image' ? now.url : null} config={editor.config} />
      </div>
    </Dialog>
  );
}
