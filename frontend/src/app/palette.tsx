import { useEffect, useId, useRef, useState } from 'react';
import { Dialog, Modal, ModalOverlay } from 'react-aria-components';
import { t } from '../i18n/words';
import { Icon } from '../ui/icon';
import { useOverlay } from './overlay';
import { type Command, useActs } from './palette-acts';

/** What an act of the palette is, as the list shows it. */
const KINDS: Record<string, string> = { do: t('do@@a kind of entry in the palette'), page: t('page@@a kind of entry in the palette'), project: t('project@@a kind of entry in the palette'), task: t('task@@a kind of entry in the palette'), repo: t('repo@@a kind of entry in the palette'), branch: t('branch@@a kind of entry in the palette'), tag: t('tag@@a kind of entry in the palette'), file: t('file@@a kind of entry in the palette') };

/** Find anything, do anything. */
export function Palette() {
  const show = useOverlay((state) => state.show);
  const [typed, setTyped] = useState('');
  const [at, setAt] = useState(0);
  const acts = useActs(typed);
  const list = useRef<HTMLUListElement>(null);
  const id = useId();
  const chosen = Math.min(at, acts.length - 1);
  useEffect(() => { void list.current?.children[chosen]?.scrollIntoView({ block: 'nearest' }); }, [chosen]); // it answers a promise in new browsers
  const run = (act: Command | undefined) => {
    if (!act) return;
    show(null);
    act.run();
  };
  const onKey = (event: React.KeyboardEvent) => {
    if (event.key === 'ArrowDown') setAt((chosen + 1) % acts.length);
    else if (event.key === 'ArrowUp') setAt((chosen - 1 + acts.length) % acts.length);
    else if (event.key === 'Enter') run(acts[chosen]);
    else return;
    event.preventDefault();
  };
  return (
    <ModalOverlay className="veil palette-veil" isOpen isDismissable onOpenChange={(open) => { if (!open) show(null); }}>
      <Modal className="dialog find">
        <Dialog aria-label={t('Find or do')}>
          <div className="search">
            <Icon name="search" />
            <input
              className="input" role="combobox" aria-expanded="true" aria-controls={`${id}-list`} aria-activedescendant={acts[chosen] ? `${id}-${chosen}` : undefined} aria-label={t('Find or do')}
              placeholder={t('Find a project, repo, branch or file, or do something')} autoFocus value={typed} onChange={(event) => { setTyped(event.target.value); setAt(0); }} onKeyDown={onKey}
            />
          </div>
          <ul role="listbox" id={`${id}-list`} aria-label={t('What fits')} ref={list}>
            {acts.map((act, index) => (
              <li key={act.id} id={`${id}-${index}`} role="option" aria-selected={index === chosen} className={index === chosen ? 'on' : ''} onPointerMove={() => setAt(index)} onClick={() => run(act)}>
                <Icon name={act.icon} /><span className="grow cut">{act.title}</span>{act.keys ? <kbd>{act.keys}</kbd> : <span className="muted small">{KINDS[act.kind] ?? act.kind}</span>}
              </li>
            ))}
          </ul>
          {acts.length === 0 && <p className="two none">{t('Nothing is called “{typed}”.', { typed })}</p>}
        </Dialog>
      </Modal>
    </ModalOverlay>
  );
}
