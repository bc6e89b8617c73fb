import { figure, t } from '../../i18n/words.ts';
import { Icon, type IconName } from '../../ui/icon.tsx';
import type { Editor } from '../../editor/model/editor.ts';
import type { KeyMap } from '../../editor/model/tools/keymap.ts';
import { showKey } from '../../editor/model/tools/keys.ts';
import { keepFocus } from '../../editor/ui/keep-focus.ts';
import { tip } from '../../editor/ui/tool-strip.tsx';
import { useEditor } from '../../editor/ui/use-editor.ts';
import type { Labelling } from './labelling.ts';
import type { SaveState } from './save-state.ts';
import { usePart } from './use-part.ts';

export interface HeaderProps {
  readonly labelling: Labelling;
  readonly keyMap: KeyMap | null;
  readonly onHeld: () => void;
  readonly onHistory: () => void;
}

export function Header({ labelling, keyMap, onHeld, onHistory }: HeaderProps) {
  const project = usePart(labelling, 'project');
  const scene = usePart(labelling, 'scene');
  const place = usePart(labelling, 'place');
  const hasPrevious = usePart(labelling, 'hasPrevious');
  const hasNext = usePart(labelling, 'hasNext');
  const open = scene.kind === 'task' ? scene.open : null;
  const all = project?.task_number ?? 0;
  return (
    <header>
      <a className="btn ghost icon" href={tasksAddress(labelling)} title={t('Back to tasks')} aria-label={t('Back to tasks')} onClick={() => labelling.giveBack()}>
        <Icon name="left" />
      </a>
      <h1 className="b cut">{project?.title ?? <><span className="unseen">{t('Label@@the page where one labels')}</span>{scene.kind === 'loading' && <span className="skel title-skel" />}</>}</h1>
      {open && <span className="muted wide nowrap">{t('task {id}', { id: open.task.id })}</span>}
      {open && place > 0 && all > 0 && (
        <span className="pill wide" title={t('Number {place} of those you opened here. The project has {all} tasks.', { place, all })}>
          {t('{place} of {all}', { place, all: figure(all) })}
        </span>
      )}
      {keyMap && <StepButtons labelling={labelling} keyMap={keyMap} hasPrevious={hasPrevious} hasNext={hasNext} />}
      <span className="grow" />
      <Saving labelling={labelling} onHeld={onHeld} />
      {open?.opening.annotation && keyMap && <HistoryButton keyMap={keyMap} onPress={onHistory} />}
      {open && keyMap && <UndoButtons editor={open.editor} keyMap={keyMap} />}
      {open && keyMap && <FinishButtons labelling={labelling} keyMap={keyMap} isUpdate={open.opening.annotation !== null && !open.opening.wasSkipped} />}
    </header>
  );
}

function Saving({ labelling, onHeld }: { labelling: Labelling; onHeld: () => void }) {
  const held = usePart(labelling, 'held');
  return <SaveMark save={usePart(labelling, 'save')} onPress={held.length > 0 ? onHeld : () => void labelling.tryAgain()} />;
}

export function tasksAddress(labelling: Labelling): string {
  return new URL(`projects/${labelling.address.projectId}/data`, document.baseURI).href;
}

export function StepButtons({ labelling, keyMap, hasPrevious, hasNext }: { labelling: Labelling; keyMap: KeyMap; hasPrevious: boolean; hasNext: boolean }) {
  return (
    <span className="row tight wide">
      <button type="button" className="btn ghost icon" aria-label={t('Previous task')} title={tip(t('Previous task'), keyMap, 'task.previous')} disabled={!hasPrevious} data-testid="previous" {...keepFocus} onClick={() => void labelling.previous()}>
        <Icon name="up" />
      </button>
      <button type="button" className="btn ghost icon" aria-label={t('Next task')} title={hasNext ? tip(t('Next task'), keyMap, 'task.next') : t('Submit or skip this one first')} disabled={!hasNext} data-testid="next" {...keepFocus} onClick={() => void labelling.next()}>
        <Icon name="down" />
      </button>
    </span>
  );
}

const SAVE_ICONS: Readonly<Record<SaveState['kind'], IconName>> = {
  saved: 'check', saving: 'again', kept: 'clock', conflict: 'warn', stuck: 'warn', 'signed-out': 'key',
};
const SAVE_TONES: Readonly<Record<SaveState['kind'], string>> = {
  saved: 'muted', saving: 'muted', kept: 'kept', conflict: 'trouble', stuck: 'trouble', 'signed-out': 'kept',
};

/** Whether the work is safe, in a word. Where a person can do something about it, it is a button. */
export function SaveMark({ save, onPress }: { save: SaveState; onPress: () => void }) {
  const inside = <><Icon name={SAVE_ICONS[save.kind]} /><span className="save-text">{save.text}</span></>;
  const canPress = save.kind !== 'saved' && save.kind !== 'saving';
  return (
    <span className={`save ${SAVE_TONES[save.kind]}`} role="status" aria-live="polite" data-testid="save-state" data-state={save.kind} title={save.tip}>
      {canPress ? <button type="button" className="btn ghost" onClick={onPress}>{inside}</button> : <span className="row save-row">{inside}</span>}
    </span>
  );
}

/** Opens the versions of the annotation at hand. */
const HistoryButton = ({ keyMap, onPress }: { keyMap: KeyMap; onPress: () => void }) => (
  <button type="button" className="btn ghost icon" aria-label={t('History')} title={tip(t('History of the annotation'), keyMap, 'page.history')} data-testid="history" onClick={onPress}>
    <Icon name="clock" />
  </button>
);

export function UndoButtons({ editor, keyMap }: { editor: Editor; keyMap: KeyMap }) {
  const canUndo = useEditor(editor, (it) => it.history.canUndo);
  const canRedo = useEditor(editor, (it) => it.history.canRedo);
  return (
    <span className="row tight wide">
      <button type="button" className="btn ghost icon" aria-label={t('Undo')} title={tip(t('Undo'), keyMap, 'history.undo')} disabled={!canUndo} data-testid="undo" {...keepFocus} onClick={() => editor.history.undo()}>
        <Icon name="undo" />
      </button>
      <button type="button" className="btn ghost icon" aria-label={t('Redo')} title={tip(t('Redo'), keyMap, 'history.redo')} disabled={!canRedo} data-testid="redo" {...keepFocus} onClick={() => editor.history.redo()}>
        <Icon name="redo" />
      </button>
    </span>
  );
}

function FinishButtons({ labelling, keyMap, isUpdate }: { labelling: Labelling; keyMap: KeyMap; isUpdate: boolean }) {
  const canSkip = usePart(labelling, 'project')?.show_skip_button !== false;
  const key = (id: string) => <kbd className="wide">{showKey(keyMap.keysOf(id)[0] ?? '')}</kbd>;
  return (
    <>
      {canSkip && (
        <button type="button" className="btn" data-testid="skip" {...keepFocus} onClick={() => void labelling.skip()}>{t('Skip')} {key('task.skip')}</button>
      )}
      <button type="button" className="btn primary" data-testid="submit" {...keepFocus} onClick={() => void labelling.submit()}>
        {isUpdate ? t('Update') : t('Submit')} {key('task.submit')}
      </button>
    </>
  );
}
