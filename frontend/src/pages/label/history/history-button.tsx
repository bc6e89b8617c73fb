import { lazy, Suspense, useState } from 'react';
import { Icon } from '../../../ui/icon.tsx';
import { DialogTrouble } from '../dialog-trouble.tsx';
import type { Labelling, OpenTask } from '../labelling.ts';

const HistoryDialog = lazy(async () => ({ default: (await import('./history-dialog.tsx')).HistoryDialog }));

/** Opens the versions of the annotation at hand; nothing stands here while there is none on the server. */
export function HistoryButton({ labelling, open }: { labelling: Labelling; open: OpenTask }) {
  const [isOpen, setOpen] = useState(false);
  const annotation = open.opening.annotation?.id;
  if (annotation === undefined) return null;
  return (
    <>
      <button type="button" className="btn ghost icon" aria-label="History" title="History of this annotation" data-testid="history" onClick={() => setOpen(true)}><Icon name="clock" /></button>
      {isOpen && <DialogTrouble><Suspense fallback={null}><HistoryDialog key={annotation} labelling={labelling} open={open} annotation={annotation} onClose={() => setOpen(false)} /></Suspense></DialogTrouble>}
    </>
  );
}
