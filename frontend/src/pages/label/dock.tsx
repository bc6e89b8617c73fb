import type { ReactNode } from 'react';
import { t } from '../../i18n/words.ts';
import { Icon, type IconName } from '../../ui/icon.tsx';
import type { Editor } from '../../editor/model/editor.ts';
import type { KeyMap } from '../../editor/model/tools/keymap.ts';
import { TOOL_TITLES, toolsFor } from '../../editor/ui/tool-strip.tsx';
import { useEditor } from '../../editor/ui/use-editor.ts';
import type { Labelling } from './labelling.ts';
import { usePart } from './use-part.ts';

export interface DockProps {
  readonly labelling: Labelling;
  readonly editor: Editor;
  readonly keyMap: KeyMap;
  readonly isSheetOpen: boolean;
  readonly onSheet: (isOpen: boolean) => void;
  readonly onInstructions?: (() => void) | undefined;
  /** Further tools. */
  readonly children?: ReactNode;
}

/** On a phone, below the picture: tools, undo, the way to other tasks and the sheet of regions. */
export function Dock({ labelling, editor, isSheetOpen, onSheet, onInstructions, children }: DockProps) {
  const hasPrevious = usePart(labelling, 'hasPrevious');
  const hasNext = usePart(labelling, 'hasNext');
  const tool = useEditor(editor, (it) => it.tool);
  const count = useEditor(editor, (it) => it.store.size);
  const canUndo = useEditor(editor, (it) => it.history.canUndo);
  const canRedo = useEditor(editor, (it) => it.history.canRedo);
  const { view, shapes } = toolsFor(editor.config);
  const makesRegions = shapes.length > 0;
  return (
    <nav className="dock" aria-label={t('Tools and regions')}>
      <div className="dock-tools">
        {[...view, ...shapes].map((name) => (
          <DockButton key={name} icon={name as IconName} title={TOOL_TITLES[name]} isOn={tool === name} onPress={() => editor.setTool(name)} />
        ))}
        {children}
        <DockButton icon="undo" title={t('Undo')} isOff={!canUndo} onPress={() => editor.history.undo()} />
        <DockButton icon="redo" title={t('Redo')} isOff={!canRedo} onPress={() => editor.history.redo()} />
        <DockButton icon="up" title={t('Previous task')} isOff={!hasPrevious} onPress={() => void labelling.previous()} />
        <DockButton icon="down" title={t('Next task')} isOff={!hasNext} onPress={() => void labelling.next()} />
        {onInstructions && <DockButton icon="note" title={t('Instructions')} onPress={onInstructions} />}
      </div>
      <button type="button" className={`btn sheet-button ${isSheetOpen ? 'on' : ''}`} aria-expanded={isSheetOpen} data-testid="sheet" onClick={() => onSheet(!isSheetOpen)}>
        <Icon name="rows" />{makesRegions ? count : t('Answer')}
        <span className="unseen">{makesRegions ? t('regions and answers') : ''}</span>
      </button>
    </nav>
  );
}

interface DockButtonProps {
  readonly icon: IconName;
  readonly title: string;
  readonly isOn?: boolean;
  readonly isOff?: boolean;
  readonly onPress: () => void;
}

function DockButton({ icon, title, isOn, isOff = false, onPress }: DockButtonProps) {
  return (
    <button type="button" className={isOn ? 'on' : ''} aria-label={title} aria-pressed={isOn} disabled={isOff} onClick={onPress}>
      <Icon name={icon} />
    </button>
  );
}
